import { MillwrightError } from "@millwright/core";
import type * as z from "zod";

const mostIssues = 20;

/** `tags[2].name`, as people write it. */
const placeOf = (path: readonly PropertyKey[]): string =>
	path.reduce<string>((place, part) => {
		if (typeof part === "number") return `${place}[${part}]`;
		return place ? `${place}.${String(part)}` : String(part);
	}, "");

/** The deepest reason: of a union that fits nowhere, the option that came farthest. */
function deepest(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string } {
	if (issue.code !== "invalid_union") return issue;
	const inner = issue.errors
		.map((issues) => issues[0])
		.filter((first) => first !== undefined)
		.map(deepest)
		.sort((a, b) => b.path.length - a.path.length)[0];
	return inner && inner.path.length > 0 ? { path: [...issue.path, ...inner.path], message: inner.message } : issue;
}

/** An input that does not fit its schema, told by its first field; the others stand in `data.issues`. */
export function invalidInput(step: string, error: z.ZodError): MillwrightError {
	const issues = error.issues.slice(0, mostIssues).map((issue) => {
		const { path, message } = deepest(issue);
		return { place: placeOf(path), message };
	});
	const [first] = issues;
	const more = error.issues.length - 1;
	return new MillwrightError(`${step}.input-invalid`, first?.message ?? "The input does not fit", {
		kind: "input",
		place: first?.place || undefined,
		hint:
			more > 0
				? `Mend this field; ${more} more ${more === 1 ? "does" : "do"} not fit either.`
				: "Mend this field and send it again.",
		data: { issues },
	});
}
