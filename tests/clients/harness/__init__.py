"""What the stories of the clients stand on: brokers to talk to, clients to run, observations to compare."""
