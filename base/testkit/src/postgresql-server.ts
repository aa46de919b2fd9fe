import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PostgreSQL cluster of a test's own: trusts its loopback port, is gone with its folder afterwards. */
export interface PostgresqlServer {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** A database of that name, which must be new; the name again. */
	createDatabase(name: string, options?: { locale?: string }): string;
	/** As an operator at a terminal would; what it prints, unaligned, without headings. */
	sql(database: string, text: string): string;
	/** SIGKILL to all of the server's processes, and waits until they are gone. */
	kill(): Promise<void>;
	/** Starts the same cluster on the same port again. */
	restart(): Promise<void>;
	/** The server's processes stand still, its sockets stay open: a half-open line. */
	freeze(): void;
	thaw(): void;
	stop(): Promise<void>;
}

/** Where the programs are: Debian keeps each version in a folder of its own; newest first. */
export function postgresqlPrograms(): string | undefined {
	const folder = "/usr/lib/postgresql";
	const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
	return versions.map((version) => join(folder, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** Why tests with a server are skipped here; undefined where they can run. */
export const postgresqlMissing: string | undefined =
	process.platform === "win32" || !postgresqlPrograms()
		? "PostgreSQL is not installed (apt-get install postgresql-15)"
		: undefined;

/** initdb refuses to be root; the package brings a user. */
function unprivileged(): { uid?: number; gid?: number } {
	if (process.getuid?.() !== 0) return {};
	const line = readFileSync("/etc/passwd", "utf8")
		.split("\n")
		.find((entry) => entry.startsWith("postgres:"));
	const [, , uid, gid] = (line ?? "").split(":");
	if (!uid || !gid) throw new Error("There is no user postgres to run the server as");
	return { uid: Number(uid), gid: Number(gid) };
}

const freePort = (): Promise<number> =>
	new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as { port: number };
			server.close(() => resolve(port));
		});
	});

const user = "millwright";

/** A fresh cluster with fsync on, as in a plant; small memory, few connections. */
export async function startPostgresqlServer({
	settings = {},
}: {
	settings?: Record<string, string>;
} = {}): Promise<PostgresqlServer> {
	const bin = postgresqlPrograms();
	if (!bin) throw new Error(postgresqlMissing);
	const who = unprivileged();
	const home = mkdtempSync(join(tmpdir(), "millwright-postgresql-"));
	if (who.uid !== undefined && who.gid !== undefined) chownSync(home, who.uid, who.gid);
	const data = join(home, "data");
	const run = (program: string, args: string[]): string => {
		const ran = spawnSync(join(bin, program), args, {
			...who,
			cwd: home,
			encoding: "utf8",
			env: { PATH: process.env.PATH, LC_ALL: "C" },
		});
		if (ran.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${ran.stderr || ran.error?.message}`);
		return ran.stdout;
	};
	// Not synced while it is made: an empty cluster is worth nothing yet. The server itself syncs.
	run("initdb", ["--pgdata", data, "--username", user, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
	const port = await freePort();
	const lines = {
		listen_addresses: "127.0.0.1",
		port: String(port),
		unix_socket_directories: home,
		fsync: "on",
		shared_buffers: "64MB",
		max_connections: "60",
		max_wal_size: "512MB",
		...settings,
	};
	writeFileSync(
		join(data, "postgresql.auto.conf"),
		Object.entries(lines)
			.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
			.join(""),
	);

	let server: ChildProcess | undefined;
	const start = async (): Promise<void> => {
		const child = spawn(join(bin, "postgres"), ["-D", data], {
			...who,
			cwd: home,
			stdio: ["ignore", "ignore", "pipe"],
			env: { LC_ALL: "C" },
		});
		server = child;
		let said = "";
		await new Promise<void>((resolve, reject) => {
			child.stderr.on("data", (bytes: Buffer) => {
				said = (said + bytes.toString()).slice(-4000);
				if (said.includes("database system is ready to accept connections")) resolve();
			});
			child.once("error", reject);
			child.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
		});
	};
	const ended = (child: ChildProcess): Promise<void> =>
		new Promise((resolve) => {
			if (child.exitCode !== null || child.signalCode !== null) resolve();
			else child.once("exit", () => resolve());
		});
	/** The processes the server began: they belong to it, and end when they see it gone. */
	const children = (pid: number): number[] =>
		readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
	const isAlive = (pid: number): boolean => {
		try {
			return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") === false;
		} catch {
			return false;
		}
	};
	const everyone = (): number[] => (server?.pid ? [server.pid, ...children(server.pid)] : []);
	const signalAll = (signal: NodeJS.Signals) => {
		for (const pid of everyone())
			try {
				process.kill(pid, signal);
			} catch {
				// It ended meanwhile.
			}
	};
	const sql = (database: string, text: string): string =>
		run("psql", [
			"--no-psqlrc",
			"-h",
			"127.0.0.1",
			"-p",
			String(port),
			"-U",
			user,
			"-d",
			database,
			"-XAtq",
			"-v",
			"ON_ERROR_STOP=1",
			"-c",
			text,
		]).trim();

	// A test run that is cut short leaves no server behind.
	const atExit = () => {
		signalAll("SIGKILL");
		rmSync(home, { recursive: true, force: true });
	};
	process.once("exit", atExit);

	try {
		await start();
	} catch (thrown) {
		rmSync(home, { recursive: true, force: true });
		throw thrown;
	}
	return {
		host: "127.0.0.1",
		port,
		user,
		createDatabase(name, { locale } = {}) {
			sql("postgres", `CREATE DATABASE "${name}" TEMPLATE template0${locale ? ` LOCALE '${locale}'` : ""}`);
			return name;
		},
		sql,
		async kill() {
			const child = server;
			if (!child) return;
			const family = everyone();
			const gone = ended(child);
			signalAll("SIGKILL");
			await gone;
			while (family.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 2));
			server = undefined;
		},
		restart: start,
		freeze: () => signalAll("SIGSTOP"),
		thaw: () => signalAll("SIGCONT"),
		async stop() {
			const child = server;
			server = undefined;
			if (child) {
				const gone = ended(child);
				// Immediate: the folder goes anyway.
				child.kill("SIGQUIT");
				await gone;
			}
			process.off("exit", atExit);
			rmSync(home, { recursive: true, force: true });
		},
	};
}
