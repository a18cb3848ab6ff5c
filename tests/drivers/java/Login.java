import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Logs in with the JDBC URL on standard input and prints what MySQL says of the session, as one line of JSON. */
public class Login {
    public static void main(String[] arguments) throws Exception {
        String url = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            String user = asked(statement, "select current_user()", 1);
            String database = asked(statement, "select database()", 1);
            String cipher = asked(statement, "show status like 'Ssl_cipher'", 2);
            new PrintStream(System.out, true, StandardCharsets.UTF_8).printf(
                    "{\"user\": %s, \"database\": %s, \"cipher\": %s}%n", json(user), json(database), json(cipher));
        }
    }

    private static String asked(Statement statement, String query, int column) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(column);
        }
    }

    private static String json(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
