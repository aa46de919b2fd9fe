import { type Api, MillwrightError, type Service } from "@millwright/core";

/** A step's contract with the functions behind it. */
export interface MountedService<A extends Api = Api> {
	step: string;
	api: A;
	service: Service<A>;
}

/** Keeps the pair of contract and functions typed in a list of different ones. */
export const mounted = <A extends Api>(step: string, api: A, service: Service<A>): MountedService =>
	({ step, api, service }) as unknown as MountedService;

export const methodError = (method: string, allowed: string): MillwrightError =>
	new MillwrightError("platform.method", `${method} is not possible here`, { kind: "input", hint: `Use ${allowed}.` });

export const unknownPath = (path: string): MillwrightError =>
	new MillwrightError("platform.path-unknown", `There is nothing at ${path.slice(0, 200)}`, {
		kind: "missing",
		hint: "Every operation stands in /api/openapi.json.",
	});
