import { type Api, httpRoute, type Operation } from "@millwright/core";
import { apis } from "../../apps/server/src/apis.ts";

export interface Answer {
	status: number;
	code: string;
	/** As it came. */
	text: string;
	body: Record<string, unknown>;
}

/** Somebody at the HTTP door, with whatever cookie the door gave. */
export interface Caller {
	cookie: string;
	call(step: string, key: string, input?: unknown): Promise<Answer>;
	send(path: string, init?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>;
}

export const operations: { step: string; key: string; operation: Operation }[] = apis.flatMap(({ step, api }) =>
	Object.entries(api as Api).map(([key, operation]) => ({ step, key, operation })),
);

export const operationOf = (step: string, key: string): Operation => {
	const found = operations.find((one) => one.step === step && one.key === key);
	if (!found) throw new Error(`There is no ${step}.${key}`);
	return found.operation;
};

export function callerAt(url: string, { bearer }: { bearer?: string } = {}): Caller {
	const caller: Caller = {
		cookie: "",
		async send(path, { method = "GET", headers = {}, body } = {}) {
			const response = await fetch(`${url}${path}`, {
				method,
				redirect: "manual",
				headers: {
					...(caller.cookie ? { cookie: caller.cookie } : {}),
					...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
					...headers,
				},
				...(body === undefined ? {} : { body }),
			});
			const given = response.headers.get("set-cookie");
			if (given) caller.cookie = given.split(";")[0] as string;
			const text = await response.text();
			const json = (response.headers.get("content-type") ?? "").includes("json") && text !== "";
			const parsed = (json ? JSON.parse(text) : {}) as Record<string, unknown>;
			return { status: response.status, code: typeof parsed.code === "string" ? parsed.code : "", text, body: parsed };
		},
		call: (step, key, input = {}) =>
			caller.send(httpRoute(operationOf(step, key)).path, {
				method: "POST",
				headers: { "x-millwright": "1", "content-type": "application/json" },
				body: JSON.stringify(input),
			}),
	};
	return caller;
}
