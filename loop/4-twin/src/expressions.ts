import { Environment } from "@marcbachmann/cel-js";
import { MillwrightError } from "@millwright/core";

/** A tag's value as an expression sees it: number, text or truth; never missing (the caller checks quality first). */
export type Operand = number | string | boolean;

export interface Expression {
	readonly source: string;
	/** Names of the tags it reads, as in the template. */
	readonly inputs: readonly string[];
	/** NaN where the formula has no answer (division by zero, wrong types at run time). */
	evaluate(operands: Record<string, Operand>): number | string;
}

/** Hyphens are minus signs in CEL, so a tag `spindle-speed` is written `spindle_speed`. */
export const variableOf = (tag: string): string => tag.replace(/[^a-z0-9]/g, "_").replace(/^(\d)/, "_$1");

const arithmetic = ["+", "-", "*", "/"] as const;
const comparison = ["<", "<=", ">", ">=", "==", "!="] as const;

/** CEL is exact about int and double; people write `flow * 2`. Mixed arithmetic and a little mathematics are added, nothing that loops. */
function createBase(): Environment {
	let env: Environment = new Environment({
		limits: { maxAstNodes: 500, maxDepth: 40, maxListElements: 100, maxMapEntries: 20, maxCallArguments: 8 },
	});
	const compute = {
		"+": (a: number, b: number) => a + b,
		"-": (a: number, b: number) => a - b,
		"*": (a: number, b: number) => a * b,
		"/": (a: number, b: number) => a / b,
		"<": (a: number, b: number) => a < b,
		"<=": (a: number, b: number) => a <= b,
		">": (a: number, b: number) => a > b,
		">=": (a: number, b: number) => a >= b,
		"==": (a: number, b: number) => a === b,
		"!=": (a: number, b: number) => a !== b,
	} as const;
	const add = (signature: string, run: (a: unknown, b: unknown) => unknown) => {
		try {
			env = env.registerOperator(signature, run);
		} catch (cause) {
			// The library has it already: then it is as exact as ours.
			if (!/overload|already|exist|duplicate/i.test(String((cause as Error).message))) throw cause;
		}
	};
	for (const operator of arithmetic) {
		add(`double ${operator} int: double`, (a, b) => compute[operator](Number(a), Number(b)));
		add(`int ${operator} double: double`, (a, b) => compute[operator](Number(a), Number(b)));
	}
	for (const operator of comparison) {
		add(`double ${operator} int: bool`, (a, b) => compute[operator](Number(a), Number(b)));
		add(`int ${operator} double: bool`, (a, b) => compute[operator](Number(a), Number(b)));
	}
	const one = {
		sqrt: Math.sqrt,
		abs: Math.abs,
		exp: Math.exp,
		ln: Math.log,
		log10: Math.log10,
		sin: Math.sin,
		cos: Math.cos,
		floor: Math.floor,
		ceil: Math.ceil,
		round: Math.round,
	};
	for (const [name, run] of Object.entries(one))
		for (const kind of ["double", "int"])
			env = env.registerFunction(`${name}(${kind}): double`, (x: number | bigint) => run(Number(x)));
	const two = { pow: Math.pow, min: Math.min, max: Math.max, atan2: Math.atan2 };
	for (const [name, run] of Object.entries(two))
		for (const a of ["double", "int"])
			for (const b of ["double", "int"])
				env = env.registerFunction(`${name}(${a}, ${b}): double`, (x: number | bigint, y: number | bigint) =>
					run(Number(x), Number(y)),
				);
	return env;
}

let base: Environment | undefined;

/** Checks and compiles; `kinds` are the tags it may read. Throws with the library's own account of what is wrong. */
export function compileExpression(
	source: string,
	kinds: ReadonlyMap<string, "number" | "integer" | "boolean" | "text">,
): Expression {
	base ??= createBase();
	const env = base.clone();
	const byVariable = new Map<string, string>();
	for (const [tag, kind] of kinds) {
		byVariable.set(variableOf(tag), tag);
		env.registerVariable(variableOf(tag), kind === "text" ? "string" : kind === "boolean" ? "bool" : "double");
	}
	const wrong = (reason: string) =>
		new MillwrightError("twin.expression-invalid", `"${source}": ${reason.split("\n")[0]}`, {
			kind: "input",
			hint: `Use the asset's own tags: ${[...byVariable.keys()].slice(0, 12).join(", ")}${byVariable.size > 12 ? ", …" : ""}.`,
		});
	if (source.length > 2000) throw wrong("longer than 2,000 characters");
	const checked = env.check(source);
	if (!checked.valid) throw wrong(checked.error?.message ?? "not a valid expression");
	if (!["double", "int", "uint", "bool", "string", "dyn"].includes(String(checked.type)))
		throw wrong(`gives a ${checked.type}, not a number, truth or text`);
	const run = env.parse(source);
	const words = new Set(source.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "").match(/[a-z_][a-z0-9_]*/gi) ?? []);
	const inputs = [...byVariable].filter(([variable]) => words.has(variable)).map(([, tag]) => tag);
	if (inputs.length === 0) throw wrong("reads no tag of the asset");
	return {
		source,
		inputs,
		evaluate(operands) {
			try {
				const result: unknown = run(operands);
				if (typeof result === "number" || typeof result === "string") return result;
				if (typeof result === "bigint") return Number(result);
				if (typeof result === "boolean") return result ? 1 : 0;
				return Number.NaN;
			} catch {
				return Number.NaN;
			}
		},
	};
}
