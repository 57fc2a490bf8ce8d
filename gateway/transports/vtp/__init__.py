"""VOEvent Transport over sockets: Twisted around the sessions of `gateway.vtp`.

What this package is not: where the protocol is. The sessions know that, without a socket or a clock; what an event
goes through on its way from one socket to others is `gateway.relay`.

    loop         the reactor, on asyncio; a program runs one coroutine on it
    endpoints    addresses to listen on and to connect to, and TLS
    access       who may connect: networks, and how many at a time
    seen         what was seen before, and what was accepted and has not gone out yet: on a disk
    outbox       what waits for one subscriber, with a bound
    broker       takes from authors, gives to subscribers
    status       what a broker says of itself
    link         a connection that we make, with a session on it
    clients      addresses to connect to, and which brokers are believed
    author       sends events to a broker, again where that may help
    subscriber   listens to a broker, and connects again
    listener     listens to several brokers as if they were one
    source       brokers as a source of a route: an event is on the disk before it is acknowledged
    sink         a broker as a sink of a route
    inbox        what was acknowledged and waits for its handler
    quoted       a peer's words, fit for a terminal
"""
