import { type ErrorKind, MillwrightError } from "@millwright/core";

/** SQLite's primary result code (low byte) to who can mend it. Source: https://sqlite.org/rescode.html */
const primary: Record<number, [code: string, kind: ErrorKind, hint: string]> = {
	5: ["records.locked", "busy", "Another program holds the file; stop it, or try again."],
	6: ["records.locked", "busy", "Another program holds the file; stop it, or try again."],
	8: ["records.read-only", "outage", "Give the program the right to write to the data folder."],
	10: ["records.disk-failed", "outage", "Check the disk and the system's log."],
	11: ["records.damaged", "outage", "Restore the newest snapshot or backup; keep the damaged file for questions."],
	13: ["records.disk-full", "outage", "Free some space on the disk of the data folder."],
	14: ["records.not-opened", "outage", "Check that the data folder exists and may be written to."],
	26: ["records.not-a-database", "outage", "The file is something else; check the path, or restore a backup."],
};

/** SQLite's extended constraint codes that a caller may want to tell apart. */
const constraints: Record<number, [code: string, kind: ErrorKind, hint: string]> = {
	787: ["records.reference-broken", "conflict", "Something it refers to does not exist, or something still refers to it."],
	1555: ["records.duplicate", "conflict", "It exists already."],
	2067: ["records.duplicate", "conflict", "It exists already."],
};

/** What SQLite threw, as an error a person can act on; ours pass unchanged. */
export function asRecordsError(thrown: unknown, place?: string): MillwrightError {
	if (thrown instanceof MillwrightError) return thrown;
	const { errcode, message } = thrown as { errcode?: number; message?: string };
	const known = errcode === undefined ? undefined : (constraints[errcode] ?? primary[errcode & 0xff]);
	const [code, kind, hint] = known ?? ["records.query-failed", "bug", undefined];
	return new MillwrightError(code, message ?? String(thrown), { kind, hint, place, cause: thrown });
}
