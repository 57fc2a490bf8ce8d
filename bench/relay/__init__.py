"""``python -m bench relay``: alerts in a Kafka topic become VOEvents in another one, by us and by a loop of fastavro
and voevent-parse.

Both are programs that run as a service would. What is compared is the CPU time of the whole process, with the threads
of its Kafka client, between the first and the last event.
"""
