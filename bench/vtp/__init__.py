"""How much work the broker is, beside Comet's on the same events: ``python -m bench vtp``.

events   events of a size, each with an identifier of its own
brokers  the two brokers as programs, and the CPU time that they have used
load     authors and subscribers, the same for both; whether all got all
turns    who does what when, and what that costs an event and a message
stored   what it costs to know an event again, with millions stored
memory   what the broker keeps for subscribers that do not read: ``python -m bench memory``
filters  what those of subscribers cost: ``python -m bench filters``
report   the tables
command  the command
"""
