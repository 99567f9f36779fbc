"""Where Stele answers otherwise than Apache Kafka on purpose: the name of the row in docs/compatibility.md, and the
places in the observations that it touches. Nothing else may differ."""

KNOWN = {
    # Topic configs with a default of their own. Their source, type and the rest are as Kafka's.
    "flush.messages": r"/configs of [^/]*/flush\.messages/(value|synonyms)",
    "segment.bytes": r"/configs of [^/]*/segment\.bytes/(value|synonyms)",
    # Topic configs that Kafka does not have.
    "stele.validate.compressed": r"/configs of [^/]*/stele\.validate\.compressed",
}
