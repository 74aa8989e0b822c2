module tieline.example/interop/slipstream

go 1.21

require (
	github.com/google/uuid v1.6.0
	github.com/synaptecltd/slipstream 9c0a50c
)
