"""Where alerts come from and go to: one file per outside system.

What this package is not: it converts nothing and decides nothing; it moves bytes and says where they were.

    files    files, standard input, directories, tar archives
    jwks     the public keys of an issuer of tokens
"""
