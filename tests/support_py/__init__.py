"""What all tests in Python share: programs with a time limit, the real binary as a process, and the Kafka protocol by hand."""
