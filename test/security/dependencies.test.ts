import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../kit/processes.ts";

interface Locked {
	version?: string;
	resolved?: string;
	integrity?: string;
	license?: string;
	dev?: boolean;
	link?: boolean;
	optional?: boolean;
	hasInstallScript?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> };
const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
const foreign = Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);
const production = foreign.filter(([, { dev }]) => !dev);

const permissive = new Set([
	"MIT",
	"MIT-0",
	"Apache-2.0",
	"BSD-2-Clause",
	"BSD-3-Clause",
	"ISC",
	"0BSD",
	"BlueOak-1.0.0",
	"Unlicense",
	"CC0-1.0",
	"OFL-1.1",
	"EPL-2.0",
	"Zlib",
	"WTFPL",
	"Python-2.0",
]);
/** Of "(MIT OR GPL-3.0)" one is enough, of "MIT AND ISC" all are needed. */
const isPermissive = (licence: string): boolean =>
	licence
		.replace(/[()]/g, "")
		.split(/ OR /i)
		.some((choice) => choice.split(/ AND /i).every((one) => permissive.has(one.trim())));

/** The lock file holds no licence of packages that declare it the old way. */
function licenceOf(path: string, { license }: Locked): string {
	if (license) return license;
	const file = join(root, path, "package.json");
	if (!existsSync(file)) return "unknown";
	const about = JSON.parse(readFileSync(file, "utf8")) as { license?: string | { type: string }; licenses?: { type: string }[] };
	if (about.licenses) return about.licenses.map(({ type }) => type).join(" OR ");
	return typeof about.license === "object" ? about.license.type : (about.license ?? "unknown");
}

/** Named exceptions with their reasons; the list may only shrink. */
const licenceWaivers: Record<string, string> = {
	dequeue: "BSD-2-Clause by its LICENSE file",
	humanize: "MIT by its LICENSE file",
	precond: "MIT by its README",
	lightningcss: "MPL-2.0; Vite uses it to build the screens, nothing of it is in what is built",
};
/** The builds of a native package for other machines. */
const familyOf = (name: string): string => name.replace(/^(lightningcss)-.*$/, "$1");

test("every package that ships has a permissive licence", () => {
	const odd = production
		.filter(([path, about]) => !isPermissive(licenceOf(path, about)) && !(familyOf(nameOf(path)) in licenceWaivers))
		.map(([path, about]) => `${nameOf(path)}: ${licenceOf(path, about)}`);
	expect(production.length).toBeGreaterThan(100);
	expect(odd).toEqual([]);
});

test("no package that ships runs a script of its own when it is installed", () => {
	expect(production.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path))).toEqual([]);
});

test("every package is pinned by a checksum and comes from the registry", () => {
	const loose = foreign.filter(
		([, { resolved, integrity }]) =>
			!integrity?.startsWith("sha512-") || (resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/")),
	);
	expect(loose.map(([path]) => nameOf(path))).toEqual([]);
});

test("every waiver is still needed", () => {
	const names = new Set(production.map(([path]) => familyOf(nameOf(path))));
	expect(Object.keys(licenceWaivers).filter((name) => !names.has(name))).toEqual([]);
});
