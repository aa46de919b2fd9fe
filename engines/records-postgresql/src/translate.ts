/**
 * Migrations are written once, for SQLite. Two of its types mean something else in PostgreSQL: INTEGER has 64 bits there,
 * and TEXT is compared by its bytes and not by the customs of a country, so that both engines sort and search alike.
 */
export function translated(sql: string): string {
	if (!/^\s*(CREATE\s+TABLE|ALTER\s+TABLE)\b/i.test(sql)) return sql;
	// Quoted text and names stay as they are.
	return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\bINTEGER\b|\bTEXT\b|\bBLOB\b/gi, (word) => {
		switch (word.toUpperCase()) {
			case "INTEGER":
				return "BIGINT";
			case "TEXT":
				return 'TEXT COLLATE "C"';
			case "BLOB":
				return "BYTEA";
			default:
				return word;
		}
	});
}
