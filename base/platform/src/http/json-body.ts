import { MillwrightError } from "@millwright/core";
import type { FastifyInstance } from "fastify";

/** Deeper JSON serves nobody and overflows what walks it. */
const deepest = 64;

/** JSON is the only body there is; keys that reach into prototypes and bottomless nesting are refused. */
export function acceptJsonOnly(app: FastifyInstance): void {
	app.removeAllContentTypeParsers();
	const parse = app.getDefaultJsonParser("error", "error");
	app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
		if (body === "") return done(null, undefined);
		void parse(request, body as string, (error, value) => {
			if (error) return done(invalid(error.message));
			if (depthBeyond(value, deepest)) return done(invalid(`more than ${deepest} levels deep`));
			done(null, value);
		});
	});
}

const invalid = (why: string): MillwrightError =>
	new MillwrightError("platform.json-invalid", `The body is not acceptable JSON: ${why.slice(0, 200)}`, {
		kind: "input",
		hint: "Send one JSON object in UTF-8.",
	});

function depthBeyond(value: unknown, limit: number): boolean {
	let level: unknown[] = typeof value === "object" && value !== null ? [value] : [];
	for (let depth = 0; level.length > 0; depth++) {
		if (depth > limit) return true;
		const next: unknown[] = [];
		for (const parent of level)
			for (const child of Object.values(parent as object)) if (typeof child === "object" && child !== null) next.push(child);
		level = next;
	}
	return false;
}
