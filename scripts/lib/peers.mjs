import { spawnSync } from "node:child_process";
import { which } from "./run.mjs";

/** Independent programs that tests talk to: how one sees that each is there, and which Debian package has it. */
const peers = [
	{ programs: ["chromium", "chromium-browser", "google-chrome"], package: "chromium", for: "browser tests" },
	{ programs: ["mosquitto"], package: "mosquitto", for: "the MQTT oracle" },
	{ programs: ["mosquitto_pub"], package: "mosquitto-clients", for: "MQTT users" },
	{ programs: ["mbpoll"], package: "mbpoll", for: "an independent Modbus client" },
	{ programs: ["gcc"], package: "gcc", for: "compiling the libmodbus peer" },
	{
		check: () =>
			spawnSync("pkg-config", ["--exists", "libmodbus"]).status === 0 || spawnSync("dpkg", ["-s", "libmodbus-dev"]).status === 0,
		package: "libmodbus-dev",
		for: "an independent Modbus server",
	},
];

/** Installs what is missing where that is possible (Debian, root); says what will be skipped where it is not. */
export function ensurePeers() {
	if (process.platform !== "linux") return;
	const missing = () => peers.filter((peer) => (peer.check ? !peer.check() : !which(...peer.programs)));
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
	}
	for (const peer of missing())
		console.warn(`SKIPPING ${peer.for}: ${peer.package} is not installed (apt-get install ${peer.package})`);
}
