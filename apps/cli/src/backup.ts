import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MillwrightError } from "@millwright/core";
import { type BackupJob, platformApi } from "@millwright/platform/api";
import { createClock, isFolderInUse } from "@millwright/runtime";
import { backupOffline, type Manifest, markName, verifyBackup, version } from "@millwright/server";
import { connect } from "./connect.ts";
import { createLine, moment, size } from "./words.ts";

const askEveryMs = 500;

/** `millwright backup`: of the running platform through its interface, of a stopped one from its files. */
export async function backup(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: {
			to: { type: "string" },
			data: { type: "string", default: "data" },
			config: { type: "string", default: "millwright.yaml" },
			why: { type: "string" },
			json: { type: "boolean", default: false },
		},
	});
	const data = resolve(values.data);
	const isRunning = Boolean(process.env.MILLWRIGHT_URL) || !existsSync(data) || isFolderInUse(data);
	const line = createLine();
	try {
		if (isRunning) {
			const job = await ofRunning({ to: values.to, why: values.why, say: line.say });
			line.end();
			return print(values.json, job, [`${size(job.bytes)} in ${job.folder}`, ...job.notes]);
		}
		if (values.to === undefined)
			throw new MillwrightError("cli.place-missing", "The platform does not run: say where the backup goes", {
				kind: "input",
				hint: "millwright backup --to FOLDER --data FOLDER",
			});
		const manifest = await backupOffline({
			data,
			configFile: configOf(data, values.config),
			to: resolve(values.to),
			version,
			clock: createClock(),
			progress: ({ step, stepsDone, steps, bytes }) => line.say(progressOf(step, stepsDone, steps, bytes)),
		});
		line.end();
		print(values.json, manifest, [`${size(bytesOf(manifest))} in ${resolve(values.to)}`, ...said(manifest), ...manifest.notes]);
	} finally {
		line.end();
	}
}

/** The demo keeps its configuration in its data folder. */
export const configOf = (data: string, given: string): string =>
	given === "millwright.yaml" && existsSync(join(data, given)) ? join(data, given) : resolve(given);

async function ofRunning({
	to,
	why,
	say,
}: {
	to: string | undefined;
	why: string | undefined;
	say(line: string): void;
}): Promise<BackupJob> {
	const { backup: begin, backups } = platformApi;
	const platform = connect("platform", { backup: begin, backups });
	const options = why === undefined ? {} : { why };
	const place = to === undefined ? undefined : await layMark(resolve(to));
	let job: BackupJob;
	try {
		job = await platform.backup(place ?? {}, options);
	} catch (thrown) {
		if (place) await takeMark(place.to);
		throw thrown;
	}
	const { id } = job;
	while (job.state === "running") {
		say(progressOf(job.step, job.stepsDone, job.steps, job.bytes));
		await new Promise((resume) => setTimeout(resume, askEveryMs));
		const found = (await platform.backups({})).jobs.find((one) => one.id === id);
		if (!found)
			throw new MillwrightError("cli.backup-unknown", "The platform was restarted while the backup was made", {
				kind: "outage",
				hint: "What it had written is no whole backup: remove it, and make it again.",
			});
		job = found;
	}
	if (job.state === "failed")
		throw new MillwrightError(job.code ?? "backup.failed", job.reason ?? "The backup failed", {
			kind: "outage",
			...(job.hint ? { hint: job.hint } : {}),
		});
	return job;
}

/** An empty folder with proof that whoever calls may write there; the server takes the mark away again. */
async function layMark(to: string): Promise<{ to: string; mark: string }> {
	const mark = randomBytes(18).toString("base64url");
	await mkdir(to, { recursive: true, mode: 0o700 });
	if ((await readdir(to)).some((name) => name !== markName))
		throw new MillwrightError("backup.folder-not-empty", `${to} is not empty`, {
			kind: "conflict",
			hint: "Choose a folder that does not exist yet; a backup never writes over anything.",
			place: to,
		});
	await writeFile(join(to, markName), `${mark}\n`);
	return { to, mark };
}

async function takeMark(to: string): Promise<void> {
	await rm(join(to, markName), { force: true });
	await rmdir(to).catch(() => {});
}

/** `millwright backup verify`. */
export async function verify(args: string[]): Promise<void> {
	const { values } = parseArgs({ args, options: { from: { type: "string" }, json: { type: "boolean", default: false } } });
	if (values.from === undefined)
		throw new MillwrightError("cli.place-missing", "Which backup?", {
			kind: "input",
			hint: "millwright backup verify --from FOLDER",
		});
	const line = createLine();
	try {
		const manifest = await verifyBackup(resolve(values.from), {
			progress: (done, of) => line.say(`checking ${done} of ${of} files`),
		});
		line.end();
		print(values.json, manifest, [
			`${resolve(values.from)} is whole: ${manifest.files.length} files, ${size(bytesOf(manifest))}`,
			...said(manifest),
		]);
	} finally {
		line.end();
	}
}

export const said = ({ startedAt, until, rows, version: made }: Manifest): string[] => [
	`Made ${moment(startedAt)} by Millwright ${made}`,
	until === undefined ? "No samples in its history" : `${rows.toLocaleString("en")} samples until ${moment(until)}`,
];

export const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

const progressOf = (step: string, done: number, of: number, bytes: number): string =>
	of === 0 || step === "" ? "beginning" : `${Math.min(done + 1, of)} of ${of}: ${step}, ${size(bytes)}`;

export function print(json: boolean, value: unknown, lines: readonly string[]): void {
	process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : lines.map((line) => `${line}\n`).join(""));
}
