import { constants } from "node:fs";
import { access, mkdir, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { asMillwrightError, MillwrightError } from "@millwright/core";
import { checkConfig } from "@millwright/server";

interface Finding {
	fine: boolean;
	what: string;
	hint?: string;
}

/** Everything that would keep the platform from starting, found before it is started. */
export async function doctor(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: { config: { type: "string", default: "millwright.yaml" }, data: { type: "string", default: "data" } },
	});
	const findings: Finding[] = [nodeIsNew(), await folderIsWritable(values.data), await diskHasRoom(values.data)];
	try {
		const { listens } = await checkConfig(values.config);
		findings.push({ fine: true, what: `${values.config} fits` });
		for (const { name, host, port } of listens) findings.push(await portIsFree(name, host, port));
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
				what: `${problem.place ?? values.config}: ${problem.message}`,
				...(problem.hint ? { hint: problem.hint } : {}),
			});
	}
	for (const { fine, what, hint } of findings)
		process.stdout.write(`${fine ? "ok  " : "FAIL"} ${what}${hint ? `\n     ${hint}` : ""}\n`);
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
	const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 1 }));
	const gigabytes = (bavail * bsize) / 1e9;
	return {
		fine: gigabytes > 1,
		what: `${gigabytes.toFixed(1)} GB free for data`,
		...(gigabytes > 1 ? {} : { hint: "Free at least 1 GB." }),
	};
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
