module tieline.example/interop

go 1.21

require github.com/sttp/goapi v0.9.0
