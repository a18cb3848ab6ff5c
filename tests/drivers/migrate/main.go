// Logs in by golang-migrate with the URL on standard input and prints what MySQL says of the session, as one line of JSON.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/golang-migrate/migrate/v4/database/mysql"
)

// A driver returns nothing of what a migration selects, but an error's text.
const migration = `
set @cipher = (select variable_value from performance_schema.session_status where variable_name = 'Ssl_cipher');
set @said = concat('<', json_object('user', current_user(), 'database', database(), 'cipher', @cipher), '>');
signal sqlstate '45000' set message_text = @said;`

func main() {
	url, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	driver, err := (&mysql.Mysql{}).Open(string(url))
	if err != nil {
		log.Fatal(err)
	}
	said := fmt.Sprint(driver.Run(strings.NewReader(migration)))
	_, details, found := strings.Cut(said, "<{")
	if !found {
		log.Fatal(said)
	}
	fmt.Println("{" + details[:strings.LastIndex(details, "}>")] + "}")
}
