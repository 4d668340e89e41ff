def read_fex(path):
    raise NotImplementedError
