import type { Api, Operation } from "../contract/operation.ts";
import { flatFields } from "./flat-input.ts";

export interface HttpRoute {
	/** How it is asked first. A GET route also answers POST with a JSON body, for inputs too long for an address. */
	method: "GET" | "POST";
	/** Begins with /api. */
	path: string;
}

export const apiPrefix = "/api";

/** Method and path of an operation: reads with a flat input are GET with query parameters, everything else is POST with JSON. */
export function httpRoute(operation: Operation): HttpRoute {
	const flat = operation.effect === "read" && flatFields(operation.input) !== undefined;
	return { method: flat ? "GET" : "POST", path: `${apiPrefix}${operation.path}` };
}

/** An operation's full name, "<step>.<operation>", as the audit log, rights and the CLI spell it. */
export const operationName = (step: string, key: string): string => `${step}.${key}`;

/** Every operation of an api with its name and route. */
export const routesOf = (step: string, api: Api): { name: string; key: string; operation: Operation; route: HttpRoute }[] =>
	Object.entries(api).map(([key, operation]) => ({
		name: operationName(step, key),
		key,
		operation,
		route: httpRoute(operation),
	}));
