import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../test/kit/processes.ts";

const version = "pymodbus==3.16.1";

/** A Python of the clone's own with pymodbus, so that nothing of the machine is changed; undefined where that cannot be had. */
export function pythonWithPymodbus(): string | undefined {
	const home = join(root, "node_modules", ".cache", "millwright-peers", "pymodbus");
	const python = join(home, "bin", "python");
	const quietly = { stdio: "ignore", timeout: 180_000 } as const;
	const isThere = () => existsSync(python) && spawnSync(python, ["-c", "import pymodbus"], quietly).status === 0;
	if (isThere()) return python;
	spawnSync("python3", ["-m", "venv", "--clear", home], quietly);
	const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries=1", "--timeout=15"];
	spawnSync(python, ["-m", "pip", "install", ...options, version], quietly);
	return isThere() ? python : undefined;
}
