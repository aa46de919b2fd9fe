// npm run build -w @millwright/edge [-- FOLDER]: the edge and all it needs as one folder that runs on plain Node.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..", "..");
const folder = resolve(process.argv[2] ?? join(here, "dist"));
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** Threads are files of their own; all files of the bundle lie in one folder. */
const threads = {
	name: "threads",
	transform(code, id) {
		if (!id.endsWith(".ts")) return null;
		return code.replace(/new URL\("\.\/([\w-]+)\.ts", import\.meta\.url\)/g, (_whole, thread) => {
			const name = `${basename(dirname(id))}-${thread}`;
			this.emitFile({ type: "chunk", id: join(dirname(id), `${thread}.ts`), name, fileName: `${name}.js` });
			return `new URL("./${name}.js", import.meta.url)`;
		});
	},
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const bundle = await rolldown({
	input: { "millwright-edge": join(here, "src", "main.ts") },
	platform: "node",
	plugins: [threads],
	// A way out of a library for machines it does not run on here; it catches the failure itself.
	external: ["proper-lockfile"],
	onLog(level, log) {
		if (level === "warn") throw new Error(log.message);
	},
});
const { output } = await bundle.write({
	dir: folder,
	format: "esm",
	minify: true,
	// OPC UA finds the encoding of a structure by the name of its class.
	keepNames: true,
	banner: (chunk) => (chunk.isEntry && chunk.name === "millwright-edge" ? "#!/usr/bin/env node" : ""),
	entryFileNames: "[name].js",
	chunkFileNames: "[name]-[hash].js",
});
await bundle.close();

writeFileSync(
	join(folder, "package.json"),
	`${JSON.stringify(
		{
			name: "millwright-edge",
			version,
			description: "Millwright beside the machine: reads, keeps, hands on",
			license: "Apache-2.0",
			type: "module",
			bin: { "millwright-edge": "millwright-edge.js" },
			engines: { node: ">=24" },
		},
		null,
		2,
	)}\n`,
);
copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
copyFileSync(join(here, "edge.example.yaml"), join(folder, "edge.example.yaml"));
writeFileSync(join(folder, "LICENSES-of-parts.txt"), licences(output));

const files = readdirSync(folder);
const bytes = files.reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
console.log(`${folder}: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);

/** The words that come with every package whose code is in the bundle. */
function licences(chunks) {
	const homes = new Map();
	for (const { moduleIds = [] } of chunks)
		for (const id of moduleIds) {
			const [, home, name] = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id) ?? [];
			if (name && !name.startsWith("@millwright/")) homes.set(home, name);
		}
	return [...homes]
		.sort(([, a], [, b]) => (a < b ? -1 : 1))
		.map(([home, name]) => {
			const about = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
			const texts = readdirSync(home).filter((file) => /^(licen[cs]e|notice|copying)/i.test(basename(file)));
			const words = texts
				.filter((file) => existsSync(join(home, file)))
				.map((file) => readFileSync(join(home, file), "utf8").trim());
			return [`${name} ${about.version} (${about.license ?? "see below"})`, ...words].join("\n\n");
		})
		.join(`\n\n${"-".repeat(80)}\n\n`);
}
