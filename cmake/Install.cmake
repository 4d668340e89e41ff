# find_package(frontalis) from an install prefix.
include(CMakePackageConfigHelpers)
