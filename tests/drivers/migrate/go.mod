// golang-migrate, with the driver that it asks for; `go get` in this folder gives it another version.
module mysql-pair/tests/drivers/migrate

go 1.25.11

require github.com/golang-migrate/migrate/v4 v4.20.1

require github.com/go-sql-driver/mysql v1.5.0 // indirect
