import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { asMillwrightError, MillwrightError } from "@millwright/core";
import { isAhead, isBehind, isFolderInUse, readSchemaFile, silentLog } from "@millwright/runtime";
import { checkConfig, setAside, upgradeStores, version } from "@millwright/server";
import { configOf } from "./backup.ts";
import { size } from "./words.ts";

interface Finding {
	fine: boolean;
	what: string;
	hint?: string;
	/** Worth knowing; keeps nothing from starting. */
	note?: boolean;
}

/** Everything that would keep the platform from starting, or should be known, found before it is started. */
export async function doctor(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: { config: { type: "string", default: "millwright.yaml" }, data: { type: "string", default: "data" } },
	});
	const { data } = values;
	const isRunning = existsSync(data) && isFolderInUse(data);
	const config = configOf(data, values.config);
	const findings: Finding[] = [
		nodeIsNew(),
		await folderIsWritable(data),
		...(isRunning ? [{ fine: true, note: true, what: `${data} is in use: a platform runs on it` }] : []),
		await diskHasRoom(data),
		await clockIsRight(data),
		...schemaIsKnown(data, await readSchemaFile(data)),
		...(await damagedFiles(data)),
	];
	try {
		const { listens, engines } = await checkConfig(config);
		findings.push({ fine: true, what: `${config} fits` }, ...engines);
		// A platform that runs has its own ports.
		if (!isRunning) for (const { name, host, port } of listens) findings.push(await portIsFree(name, host, port));
	} catch (thrown) {
		const error = asMillwrightError(thrown);
		const problems = (error.data?.problems ?? [{ message: error.message, place: error.place, hint: error.hint }]) as {
			message: string;
			place?: string;
			hint?: string;
		}[];
		for (const problem of problems)
			findings.push({
				fine: false,
				what: `${problem.place ?? config}: ${problem.message}`,
				...(problem.hint ? { hint: problem.hint } : {}),
			});
	}
	for (const { fine, what, hint, note } of findings)
		process.stdout.write(`${note ? "note" : fine ? "ok  " : "FAIL"} ${what}${hint && (note || !fine) ? `\n     ${hint}` : ""}\n`);
	const bad = findings.filter(({ fine }) => !fine).length;
	if (bad > 0) throw new MillwrightError("cli.doctor-found", `${bad} of ${findings.length} checks failed`, { kind: "input" });
}

function nodeIsNew(): Finding {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	return {
		fine: major > 22 || (major === 22 && minor >= 18),
		what: `Node ${process.versions.node}`,
		hint: "Millwright needs Node 22.18 or newer; npm install brings Node 24.",
	};
}

async function folderIsWritable(folder: string): Promise<Finding> {
	try {
		await mkdir(folder, { recursive: true });
		await access(folder, constants.W_OK);
		return { fine: true, what: `${folder} can be written` };
	} catch (thrown) {
		return {
			fine: false,
			what: `${folder} cannot be written: ${asMillwrightError(thrown).message}`,
			hint: "Give another folder with --data.",
		};
	}
}

async function diskHasRoom(folder: string): Promise<Finding> {
	const { bavail, bfree, blocks, bsize, ffree, files } = await statfs(folder).catch(() => ({
		bavail: 0,
		bfree: 0,
		blocks: 1,
		bsize: 1,
		ffree: 1,
		files: 1,
	}));
	const free = bavail * bsize;
	if (files > 0 && ffree / files < 0.01)
		return { fine: false, what: "The disk of the data has no room for more files", hint: "Remove small files on that disk." };
	return {
		fine: free > 1e9,
		what: `${size(free)} free for data, ${Math.round(((blocks - bfree) / (blocks - bfree + bavail)) * 100)} % of the disk used`,
		hint: "Free at least 1 GB.",
	};
}

/** A clock that stands behind what has been written already is wrong now, or was wrong then. */
async function clockIsRight(folder: string): Promise<Finding> {
	const names = ["history.duckdb", "records.sqlite", "audit.jsonl", "sense/ring.db"];
	const times = await Promise.all(
		names.map((name) =>
			stat(join(folder, name)).then(
				({ mtimeMs }) => mtimeMs,
				() => 0,
			),
		),
	);
	const ahead = Math.max(...times) - Date.now();
	const built = (await stat(new URL(import.meta.url)).catch(() => undefined))?.mtimeMs ?? 0;
	const isEarly = Date.now() < built - 86_400_000;
	return {
		fine: ahead < 60_000 && !isEarly,
		what:
			ahead >= 60_000
				? `The clock stands ${Math.round(ahead / 1000)} s behind the newest data: it says ${new Date().toISOString()}`
				: isEarly
					? `The clock stands before this program was installed: it says ${new Date().toISOString()}`
					: `The clock says ${new Date().toISOString()}`,
		hint: "Set it, and keep it right with NTP: times of samples and of sessions hang on it.",
	};
}

function schemaIsKnown(data: string, written: Awaited<ReturnType<typeof readSchemaFile>>): Finding[] {
	return upgradeStores({ log: silentLog }).flatMap((store): Finding[] => {
		try {
			const found = store.found(data);
			if (found === undefined) return [];
			if (isAhead(found, store.current))
				return [
					{
						fine: false,
						what: `${titled(store.title)}: written by a newer Millwright${written ? ` (${written.version})` : ""}; this is ${version}`,
						hint: "Start that version, or a newer one.",
					},
				];
			return isBehind(found, store.current)
				? [
						{
							fine: true,
							note: true,
							what: `${titled(store.title)}: from an earlier Millwright`,
							hint: "The next start brings them up to date and keeps a snapshot in before-upgrade; a backup before it does no harm.",
						},
					]
				: [{ fine: true, what: `${titled(store.title)}: of this version` }];
		} catch (thrown) {
			return [
				{
					fine: false,
					what: `${titled(store.title)}: cannot be read: ${asMillwrightError(thrown).message}`,
					hint: "Check the rights of the data folder.",
				},
			];
		}
	});
}

const titled = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

async function damagedFiles(data: string): Promise<Finding[]> {
	const aside = await setAside(data);
	const former = (await readdir(data).catch(() => [])).filter((name) => name.startsWith("replaced-"));
	return [
		...aside.map(({ file, bytes, at }): Finding => {
			return {
				fine: true,
				note: true,
				what: `${file} was damaged and set aside on ${new Date(at).toISOString().slice(0, 10)} (${size(bytes)})`,
				hint: "Check the disk. Keep the file until you know whether you miss something, then remove it.",
			};
		}),
		...former.map((name): Finding => {
			return {
				fine: true,
				note: true,
				what: `${name} holds what a restore replaced`,
				hint: "Remove it once you do not need it.",
			};
		}),
	];
}

const portIsFree = (name: string, host: string, port: number): Promise<Finding> =>
	new Promise((resolve) => {
		const server = createServer();
		server.once("error", (error) =>
			resolve({
				fine: false,
				what: `${name} cannot listen on ${host}:${port}: ${error.message}`,
				hint: "Stop the other program, or choose another port in the configuration.",
			}),
		);
		server.listen(port, host, () => server.close(() => resolve({ fine: true, what: `${name} can listen on ${host}:${port}` })));
	});
