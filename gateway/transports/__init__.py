"""Where alerts come from and go to: one file per outside system.

What this package is not: it converts nothing and decides nothing; it moves bytes and says where they were.

    files     files, standard input, directories, tar archives
    watched   these as a source of a route; taken what of them was read, handover how it comes out of a thread
    folder    a folder as a sink, a file for each product
    rotating  a folder of Avro containers as a sink; night says which goes where
    console   standard output as a sink
    memory    a source and a sink for tests
    jwks      the public keys of an issuer of tokens
"""
