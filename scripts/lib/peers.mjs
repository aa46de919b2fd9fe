import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./node.mjs";
import { which } from "./run.mjs";

/** A package in a Python of the clone's own, so that nothing of the machine is changed; `ready` says what has been put there. */
function pythonPeer(name, version) {
	const home = join(root, "node_modules", ".cache", "millwright-peers", name);
	const mark = join(home, "ready");
	return {
		version,
		isReady: () => existsSync(join(home, "bin", "python")) && existsSync(mark) && readFileSync(mark, "utf8") === version,
		install() {
			if (!which("python3")) return;
			console.log(`Installing a test peer: ${version} …`);
			const quietly = { stdio: "ignore", timeout: 180_000 };
			if (spawnSync("python3", ["-m", "venv", "--clear", home], quietly).status !== 0) return;
			const python = join(home, "bin", "python");
			const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries=1", "--timeout=15"];
			if (spawnSync(python, ["-m", "pip", "install", ...options, version], quietly).status === 0) writeFileSync(mark, version);
		},
	};
}

const asyncua = pythonPeer("asyncua", "asyncua==2.1.0");
const paho = pythonPeer("paho-mqtt", "paho-mqtt==2.1.0");

/** Debian keeps the server's programs apart by version, outside the path. */
const hasPostgresql = () => {
	const home = "/usr/lib/postgresql";
	return existsSync(home) && readdirSync(home).some((version) => existsSync(join(home, version, "bin", "initdb")));
};

/** A library, kept apart by processor. */
const hasFaketime = () =>
	["x86_64", "aarch64"].some((machine) => existsSync(`/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`));

/** Independent programs that tests talk to: how one sees that each is there, and which Debian package has or needs it. */
const peers = [
	{ programs: ["chromium", "chromium-browser", "google-chrome"], package: "chromium", for: "browser tests" },
	{ programs: ["mosquitto"], package: "mosquitto", for: "the MQTT oracle" },
	{ programs: ["mosquitto_pub"], package: "mosquitto-clients", for: "MQTT users" },
	{ check: () => hasPostgresql(), package: "postgresql-15", for: "a real PostgreSQL server" },
	{ programs: ["mbpoll"], package: "mbpoll", for: "an independent Modbus client" },
	{ check: () => hasFaketime(), package: "libfaketime", for: "clocks that are set under a running program" },
	{ programs: ["gcc"], package: "gcc", for: "compiling the libmodbus peer" },
	{
		check: () =>
			spawnSync("pkg-config", ["--exists", "libmodbus"]).status === 0 || spawnSync("dpkg", ["-s", "libmodbus-dev"]).status === 0,
		package: "libmodbus-dev",
		for: "an independent Modbus server",
	},
	{
		check: () => asyncua.isReady(),
		install: () => asyncua.install(),
		package: "python3-venv",
		for: "an independent OPC UA server",
		missing: `${asyncua.version} could not be installed; it needs python3 with venv (apt-get install python3-venv) and PyPI`,
	},
	{
		check: () => paho.isReady(),
		install: () => paho.install(),
		package: "python3-venv",
		for: "an independent MQTT client",
		missing: `${paho.version} could not be installed; it needs python3 with venv (apt-get install python3-venv) and PyPI`,
	},
];

/** Installs what is missing where that is possible (Debian, root); says what will be skipped where it is not. */
export function ensurePeers() {
	if (process.platform !== "linux") return;
	const missing = () => peers.filter((peer) => (peer.check ? !peer.check() : !which(...peer.programs)));
	for (const peer of missing()) peer.install?.();
	const wanted = missing();
	if (wanted.length === 0) return;
	if (process.getuid?.() === 0 && which("apt-get")) {
		console.log(`Installing test peers: ${wanted.map((peer) => peer.package).join(", ")} …`);
		const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
		spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
		spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...wanted.map((peer) => peer.package)], {
			stdio: "ignore",
			env,
		});
		for (const peer of missing()) peer.install?.();
	}
	for (const peer of missing())
		console.warn(`SKIPPING ${peer.for}: ${peer.missing ?? `${peer.package} is not installed (apt-get install ${peer.package})`}`);
}
