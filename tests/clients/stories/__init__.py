"""The stories: what each client does against a broker. A story has a name and `prepare(tools)`, which builds what it
needs (raising toolchains.Missing where that cannot be) and returns `run(broker, witness)`. One that is not for every broker
says for which in `brokers`."""
