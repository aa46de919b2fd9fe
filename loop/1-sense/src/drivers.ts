import { asMillwrightError, type Driver, MillwrightError } from "@millwright/core";

export type DriverMap = Readonly<Record<string, () => Promise<Driver>>>;

/** Field protocols by name, loaded when first needed. */
export function createDrivers(map: DriverMap) {
	const loaded = new Map<string, Driver>();
	return {
		names: (): string[] => Object.keys(map),
		loaded: (name: string): Driver | undefined => loaded.get(name),
		async load(name: string): Promise<Driver> {
			const ready = loaded.get(name);
			if (ready) return ready;
			const load = Object.hasOwn(map, name) ? map[name] : undefined;
			if (!load)
				throw new MillwrightError("sense.driver-unknown", `There is no driver "${name}"`, {
					kind: "input",
					hint: `Drivers here: ${Object.keys(map).join(", ")}`,
				});
			try {
				const driver = await load();
				loaded.set(name, driver);
				return driver;
			} catch (cause) {
				throw new MillwrightError(
					"sense.driver-broken",
					`The driver "${name}" cannot be loaded: ${asMillwrightError(cause).message}`,
					{
						kind: "outage",
						hint: "Install Millwright again, or leave this driver out.",
						cause,
					},
				);
			}
		},
	};
}
export type Drivers = ReturnType<typeof createDrivers>;
