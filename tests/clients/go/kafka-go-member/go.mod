module stele/tests/clients/kafka-go-member

go 1.24.0

require (
	github.com/segmentio/kafka-go v0.4.51
	stele/tests/clients/member v0.0.0
)

require (
	github.com/klauspost/compress v1.15.9 // indirect
	github.com/pierrec/lz4/v4 v4.1.15 // indirect
)

replace stele/tests/clients/member => ../member
