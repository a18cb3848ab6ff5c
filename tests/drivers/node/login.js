// Logs in with the URL on standard input and prints what MySQL says of the session, as one line of JSON.
// The one argument is a name of the server's certificate, for a URL that has an address: mysql2 checks only names.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import mysql from "mysql2/promise";

const url = new URL(readFileSync(0, "utf8"));
const ca = readFileSync(url.searchParams.get("ssl-ca"));
const host = isIP(url.hostname) ? process.argv[2] : url.hostname;
url.search = "";
try {
  const connection = await mysql.createConnection({ uri: url.href, host, ssl: { ca, verifyIdentity: true } });
  const [[{ user }]] = await connection.query("select current_user() as user");
  const [[{ database }]] = await connection.query("select database() as `database`");
  const [[{ Value: cipher }]] = await connection.query("show status like 'Ssl_cipher'");
  console.log(JSON.stringify({ user, database, cipher }));
  await connection.end();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
