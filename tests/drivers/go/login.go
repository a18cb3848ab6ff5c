// Logs in with the data source name on standard input and prints what MySQL says of the session, as one line of JSON.
// The one argument is the file of the authority, which the data source name cannot say.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/go-sql-driver/mysql"
)

type session struct {
	User     string `json:"user"`
	Database string `json:"database"`
	Cipher   string `json:"cipher"`
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(must(os.ReadFile(os.Args[1]))) {
		log.Fatal("no certificate in ", os.Args[1])
	}
	check(mysql.RegisterTLSConfig("mysql-pair", &tls.Config{RootCAs: authority}))
	database := must(sql.Open("mysql", string(must(io.ReadAll(os.Stdin)))))
	database.SetMaxOpenConns(1)
	var found session
	var name string
	check(database.QueryRow("select current_user()").Scan(&found.User))
	check(database.QueryRow("select database()").Scan(&found.Database))
	check(database.QueryRow("show status like 'Ssl_cipher'").Scan(&name, &found.Cipher))
	check(json.NewEncoder(os.Stdout).Encode(found))
}
