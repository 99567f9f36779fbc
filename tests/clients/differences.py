"""Where Stele answers otherwise than Apache Kafka on purpose: the name of the row in docs/compatibility.md, and the
places in the observations that it touches. Nothing else may differ."""

TO_COME = (
    # Groups of KIP-848, share and streams groups.
    "ConsumerGroupHeartbeat", "ConsumerGroupDescribe", "ShareGroupHeartbeat", "ShareGroupDescribe", "ShareFetch",
    "ShareAcknowledge", "DescribeShareGroupOffsets", "AlterShareGroupOffsets", "DeleteShareGroupOffsets",
    "StreamsGroupHeartbeat", "StreamsGroupDescribe",
    # Transactions.
    "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "WriteTxnMarkers", "TxnOffsetCommit", "DescribeProducers",
    "DescribeTransactions", "ListTransactions",
    # Who may do what, and how much.
    "SaslHandshake", "SaslAuthenticate", "DescribeAcls", "CreateAcls", "DeleteAcls", "CreateDelegationToken",
    "RenewDelegationToken", "ExpireDelegationToken", "DescribeDelegationToken", "DescribeUserScramCredentials",
    "AlterUserScramCredentials", "DescribeClientQuotas", "AlterClientQuotas",
    # Administration.
    "ListConfigResources", "DescribeLogDirs", "ElectLeaders",
    "AlterPartitionReassignments", "ListPartitionReassignments", "DescribeQuorum", "UpdateFeatures",
)
OF_CLUSTERS = (
    "AlterReplicaLogDirs", "UnregisterBroker", "AddRaftVoter", "RemoveRaftVoter", "InitializeShareGroupState",
    "ReadShareGroupState", "WriteShareGroupState", "DeleteShareGroupState", "ReadShareGroupStateSummary",
)

KNOWN = {
    # Topic configs with a default of their own. Their source, type and the rest are as Kafka's.
    "flush.messages": r"/configs of [^/]*/flush\.messages/(value|synonyms)",
    "segment.bytes": r"/configs of [^/]*/segment\.bytes/(value|synonyms)",
    # Topic configs that Kafka does not have.
    "stele.validate.compressed": r"/configs of [^/]*/stele\.validate\.compressed",
    # What kafka-broker-api-versions lists.
    "old versions": r"/apis/(CreateTopics|DeleteTopics|DescribeConfigs|ListOffsets|OffsetCommit|OffsetFetch|"
                    r"OffsetForLeaderEpoch)/from",
    "APIs to come": "/apis/(" + "|".join(TO_COME) + r")|/coordinators with versions \d+/of transactions.*/(ErrorCode|ErrorMessage)",
    "APIs of clusters": "/apis/(" + "|".join(OF_CLUSTERS) + ")",
    "error sentences": r"/kafka-topics --create --topic tools-absent --replication-factor 2/lines"
                       r"|/coordinators with versions \d+/of (share groups|nothing|less than nothing).*/ErrorMessage",
    # What is said of a broker's own settings.
    "changing a broker's settings": r"/of_brokers with versions \d+/[^/]*: (unknown|a topic's name)/Responses/0/(ErrorCode|ErrorMessage)",
    # What requests about groups are answered.
    "named once": r"/described with versions \d+/one twice, with others/Groups(/.*)?"
                  r"|/several_groups with versions \d+/(one twice|unknown ones)(, stable)?/Groups(/.*)?"
                  r"|/simple_consumer with versions \d+/(a part of it|of topics that nobody has)/(Groups/0/)?Topics/.*"
                  r"|/coordinators with versions \d+/[^/]*, several: \['coordinators-\d+', 'coordinators-\d+'\]/Coordinators/1",
    "large metadata": r"/joins_at_the_limits with versions \d+/its share beside 1100000 bytes of metadata",
    "groups of nothing": r"/refused_joins with versions \d+/after all that/Groups/0/(GroupState|ErrorCode|ErrorMessage)",
}
