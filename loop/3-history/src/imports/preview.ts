import {
	type Call,
	type DataClass,
	MillwrightError,
	maySee,
	msFromNanos,
	type SeriesEngine,
	systemPrincipal,
	type TagDirectory,
} from "@millwright/core";
import type { History, ImportPlan } from "../api.ts";
import { tagNameOf } from "./plan.ts";
import type { TablePiece } from "./table-reader.ts";

const mostTags = 5000;
const mostProblems = 50;

interface Seen {
	from: string;
	tag: string | undefined;
	rows: number;
	first: bigint;
	last: bigint;
}

/** Reads the whole file and keeps nothing of it but what a person must know before saying yes. */
export async function previewOf(
	pieces: AsyncIterable<TablePiece>,
	plan: ImportPlan,
	{ engine, directory, dataClassOf }: { engine: SeriesEngine; directory: TagDirectory; dataClassOf(tag: string): DataClass },
	call?: Call,
): ReturnType<History["previewImport"]> {
	const seen: Seen[] = [];
	const problems: { row?: number; code: string; message: string }[] = [];
	let refused = 0;
	for await (const piece of pieces) {
		for (const from of piece.newNames) {
			if (seen.length >= mostTags) throw tooManyTags();
			seen.push({ from, tag: tagOrProblem(plan, from, problems), rows: 0, first: 2n ** 62n, last: -(2n ** 62n) });
		}
		refused += piece.refused;
		for (const problem of piece.problems) if (problems.length < mostProblems) problems.push(problem);
		for (let row = 0; row < piece.name.length; row++) {
			const of = seen[piece.name[row] as number] as Seen;
			const time = piece.times[row] as bigint;
			of.rows++;
			if (time < of.first) of.first = time;
			if (time > of.last) of.last = time;
		}
	}
	const taken = seen.filter((one): one is Seen & { tag: string } => one.tag !== undefined && one.rows > 0);
	const tags = [];
	for (const one of taken) {
		checkRight(one.tag, dataClassOf, call);
		const id = directory.idOf(one.tag);
		tags.push({
			from: one.from,
			tag: one.tag,
			known: id !== undefined,
			rows: one.rows,
			first: msFromNanos(one.first),
			last: msFromNanos(one.last),
			overlapping: id === undefined ? 0 : await countBetween(engine, id, one.first, one.last, call?.signal),
		});
	}
	return {
		rows: tags.reduce((sum, { rows }) => sum + rows, 0),
		...(tags.length > 0
			? { first: Math.min(...tags.map(({ first }) => first)), last: Math.max(...tags.map(({ last }) => last)) }
			: {}),
		tags,
		leftOut: seen.filter(({ tag }) => tag === undefined).map(({ from, rows }) => ({ from, rows })),
		refused,
		problems,
	};
}

function tagOrProblem(plan: ImportPlan, from: string, problems: { code: string; message: string }[]): string | undefined {
	try {
		return tagNameOf(plan, from);
	} catch (thrown) {
		if (!(thrown instanceof MillwrightError)) throw thrown;
		if (problems.length < mostProblems)
			problems.push({ code: thrown.code, message: `${thrown.message}. ${thrown.hint ?? ""}`.trim() });
		return undefined;
	}
}

/** History of a tag is as confidential as the tag. */
export function checkRight(tag: string, dataClassOf: (tag: string) => DataClass, call?: Call): void {
	if (maySee(call?.principal ?? systemPrincipal, dataClassOf(tag))) return;
	throw new MillwrightError("history.tag-denied", `You may not write the history of "${tag}"`, {
		kind: "denied",
		hint: `It is ${dataClassOf(tag)}; ask an administrator for a role that may see it.`,
		place: tag,
	});
}

async function countBetween(
	engine: SeriesEngine,
	tag: number,
	first: bigint,
	last: bigint,
	signal?: AbortSignal,
): Promise<number> {
	const found = await engine.aggregate({
		tags: [tag],
		range: { from: first, until: last + 1n },
		bucket: last + 1n - first,
		functions: ["count"],
		signal,
	});
	return found.get(tag)?.columns.count?.reduce((a, b) => a + b, 0) ?? 0;
}

export const tooManyTags = (): MillwrightError =>
	new MillwrightError("history.import-too-many-tags", `The file names more than ${mostTags} tags`, {
		kind: "input",
		hint: "Is the right column the tag? Else divide the file.",
		place: "tag.column",
	});
