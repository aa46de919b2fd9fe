import { globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Imports point left along the loop: the order is read from the folder names, so that the tree itself is the rule. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Named exceptions with their reasons; the list may only shrink. */
const waivers: { file: string; imports: string; reason: string }[] = [];

interface Package {
	folder: string;
	name: string;
	group: string;
	/** Place along the loop; 0 outside it. */
	step: number;
	dependencies: Set<string>;
	exports: Set<string>;
}

const packages = ["base", "loop", "govern", "drivers", "engines", "connectors", "apps"].flatMap((group) =>
	readdirSync(root, { withFileTypes: true }).some((entry) => entry.name === group)
		? readdirSync(join(root, group)).map((name): Package => {
				const about = JSON.parse(readFileSync(join(root, group, name, "package.json"), "utf8")) as {
					name: string;
					dependencies?: Record<string, string>;
					devDependencies?: Record<string, string>;
					exports?: Record<string, string>;
				};
				return {
					folder: join(group, name),
					name: about.name,
					group,
					step: group === "loop" ? Number.parseInt(name, 10) : 0,
					dependencies: new Set(Object.keys({ ...about.dependencies, ...about.devDependencies })),
					exports: new Set(Object.keys(about.exports ?? {})),
				};
			})
		: [],
);
const byName = new Map(packages.map((one) => [one.name, one]));

interface Import {
	file: string;
	from: Package;
	specifier: string;
	inTest: boolean;
}

const importPattern =
	/^\s*(?:import|export)\s[^'";]*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']/gm;

const imports: Import[] = packages.flatMap((from) =>
	globSync("**/*.{ts,tsx}", {
		cwd: join(root, from.folder),
		exclude: (name) => name === "node_modules" || name === "dist",
	}).flatMap((name) => {
		const file = join(from.folder, name);
		const text = readFileSync(join(root, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
		const inTest =
			/(\.test|-for-test)\.tsx?$|(^|[\\/])(peers|test|tests)[\\/]/.test(name) || from.folder === join("base", "testkit");
		return [...text.matchAll(importPattern)].map((match) => ({
			file,
			from,
			specifier: (match[1] ?? match[2] ?? match[3]) as string,
			inTest,
		}));
	}),
);

const packageOf = (specifier: string) =>
	specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] as string);
const waived = ({ file, specifier }: Import) =>
	waivers.some((waiver) => waiver.file === file.split(sep).join("/") && waiver.imports === specifier);
const tell = (wrong: Import[]) =>
	wrong.filter((one) => !waived(one)).map(({ file, specifier }) => `${file} imports ${specifier}`);

/** May `from` import `to` (its /api if `api`)? */
function allowed(from: Package, to: Package, api: boolean): boolean {
	if (from.name === to.name) return true;
	const base = to.folder.split(sep).join("/");
	if (from.group === "base") {
		const order = ["base/core", "base/runtime", "base/platform"];
		return order.indexOf(base) >= 0 && order.indexOf(base) < order.indexOf(from.folder.split(sep).join("/"));
	}
	if (from.name === "@millwright/web") return base === "base/core" || api;
	if (from.group === "apps") return true;
	if (to.group === "base") {
		if (base === "base/testkit") return false;
		if (from.group === "drivers" || from.group === "engines" || (from.group === "loop" && from.step <= 2))
			return base !== "base/platform";
		return true;
	}
	return from.group === "loop" && to.group === "loop" && to.step < from.step && api;
}

test("there is something to check", () => {
	expect(packages.length).toBeGreaterThan(15);
	expect(imports.length).toBeGreaterThan(300);
});

test("imports point left along the loop", () => {
	const wrong = imports.filter(({ from, specifier, inTest }) => {
		const to = byName.get(packageOf(specifier));
		return !inTest && to !== undefined && !allowed(from, to, specifier.endsWith("/api"));
	});
	expect(tell(wrong)).toEqual([]);
});

test("no import reaches past what a package exports", () => {
	const wrong = imports.filter(({ specifier }) => {
		const to = byName.get(packageOf(specifier));
		if (!to) return false;
		const path = `.${specifier.slice(to.name.length)}`;
		return !to.exports.has(path) && ![...to.exports].some((one) => one.endsWith("/*") && path.startsWith(one.slice(0, -1)));
	});
	expect(tell(wrong)).toEqual([]);
});

test("no relative import leaves its package", () => {
	const wrong = imports.filter(
		({ file, from, specifier }) =>
			specifier.startsWith(".") &&
			relative(from.folder, relative(root, resolve(root, dirname(file), specifier))).startsWith(".."),
	);
	expect(tell(wrong)).toEqual([]);
});

test("every import of product code is declared by its package", () => {
	const wrong = imports.filter(
		({ from, specifier, inTest }) =>
			!inTest &&
			!specifier.startsWith(".") &&
			!specifier.startsWith("node:") &&
			packageOf(specifier) !== from.name &&
			!from.dependencies.has(packageOf(specifier)),
	);
	expect(tell(wrong)).toEqual([]);
});

test("every waiver is still needed", () => {
	const unused = waivers.filter(
		(waiver) => !imports.some(({ file, specifier }) => file.split(sep).join("/") === waiver.file && specifier === waiver.imports),
	);
	expect(unused).toEqual([]);
});
