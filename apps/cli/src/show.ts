/** An answer for a person at a terminal: lists of objects as tables, the rest as `name: value` lines. */
export function show(value: unknown, indent = ""): string {
	if (value === null || typeof value !== "object") return `${indent}${plain(value)}`;
	if (Array.isArray(value)) {
		if (value.length === 0) return `${indent}(none)`;
		return value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row))
			? table(value as Record<string, unknown>[], indent)
			: value.map((item) => show(item, indent)).join("\n");
	}
	const entries = Object.entries(value);
	if (entries.length === 0) return `${indent}(empty)`;
	const width = Math.max(...entries.map(([name]) => name.length));
	return entries
		.map(([name, inner]) =>
			inner !== null && typeof inner === "object" && Object.keys(inner).length > 0
				? `${indent}${name}:\n${show(inner, `${indent}  `)}`
				: `${indent}${name.padEnd(width)}  ${plain(inner)}`,
		)
		.join("\n");
}

const widest = 48;

function table(rows: Record<string, unknown>[], indent: string): string {
	const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) =>
		rows.some((row) => typeof row[name] !== "object" || row[name] === null),
	);
	const cells = rows.map((row) => names.map((name) => plain(row[name], name).slice(0, widest)));
	const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => (row[at] as string).length)));
	const line = (row: readonly string[]) =>
		`${indent}${row.map((cell, at) => cell.padEnd(widths[at] as number)).join("  ")}`.trimEnd();
	return [line(names), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

function plain(value: unknown, name = ""): string {
	if (value === undefined || value === null) return "";
	if (typeof value === "number" && /(^|[a-z])(At|at|from|until|oldest|newest|since)$/.test(name) && value > 1e11)
		return new Date(value).toISOString();
	// What machines and strangers wrote must not drive the terminal.
	return (typeof value === "object" ? JSON.stringify(value) : String(value)).replace(
		/\p{Cc}/gu,
		(sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
