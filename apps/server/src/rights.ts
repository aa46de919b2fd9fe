import { maySee, operationName, type Principal } from "@millwright/core";
import { apis } from "./apis.ts";

/** Operations a principal may call, "<step>.<operation>": screens and tools hide the rest. */
export const mayCall = (principal: Principal): string[] =>
	apis.flatMap(({ step, api }) =>
		Object.entries(api)
			.filter(([, { allow, dataClass }]) => {
				if (allow === "anyone") return true;
				const inRole = allow === "signed-in" || allow.some((role) => principal.roles.includes(role));
				return inRole && principal.roles.length > 0 && maySee(principal, dataClass);
			})
			.map(([key]) => operationName(step, key)),
	);
