#pragma once

#include "frontalis/result.h"

// Early return of an Error from a function that itself returns Result<...>.
#define FRONTALIS_TRY(expression)                                                    \
  do {                                                                               \
    if (auto try_status = (expression); !try_status.ok()) return try_status.error(); \
  } while (false)

#define FRONTALIS_CONCAT_(a, b) a##b
#define FRONTALIS_CONCAT(a, b) FRONTALIS_CONCAT_(a, b)
// FRONTALIS_ASSIGN(auto x, f()): x = value of f(), or return its Error.
#define FRONTALIS_ASSIGN(declaration, expression) \
  FRONTALIS_ASSIGN_(FRONTALIS_CONCAT(try_result_, __LINE__), declaration, expression)
#define FRONTALIS_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return result.error();                 \
  declaration = std::move(result).value()
