module stele/tests/clients/member

go 1.24.0
