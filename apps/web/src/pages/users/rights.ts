import { accessApi } from "@millwright/access/api";
import { auditApi } from "@millwright/audit/api";
import type { Api, Role } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { namespaceApi } from "@millwright/namespace/api";
import { senseApi } from "@millwright/sense/api";
import { twinApi } from "@millwright/twin/api";

const apis: Record<string, Api> = {
	sense: senseApi,
	namespace: namespaceApi,
	history: historyApi,
	twin: twinApi,
	access: accessApi,
	audit: auditApi,
};

/** Operations that only some roles may call and this one may, "<step>.<operation>". */
export const rights = (role: Role): string[] =>
	Object.entries(apis).flatMap(([step, api]) =>
		Object.entries(api)
			.filter(([, operation]) => Array.isArray(operation.allow) && operation.allow.includes(role))
			.map(([name]) => `${step}.${name}`),
	);
