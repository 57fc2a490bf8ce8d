"""The laboratory: real servers on loopback for the tests, and for `make kafka`. See fixtures.py for what tests ask for.

Apache Kafka (broker.py), Apicurio's schema registry (registry.py) and PostgreSQL (postgresql.py) are fetched by
`make laboratory` into `.laboratory`, which git ignores, or by apt-get. Nothing here is part of the product.
"""
