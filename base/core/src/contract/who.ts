import * as z from "zod";

/** The roles of the sources. What each may do stands on the operations; what each may see, in `clearance`. */
export const Role = z.enum([
	"plant-manager",
	"operations-manager",
	"quality",
	"maintenance",
	"engineer",
	"operator",
	"executive",
	"security",
	"administrator",
]);
export type Role = z.output<typeof Role>;

/** How far a value may travel, from open to need-to-know. */
export const DataClass = z.enum(["public", "internal", "confidential", "restricted"]);
export type DataClass = z.output<typeof DataClass>;

const order: Record<DataClass, number> = { public: 0, internal: 1, confidential: 2, restricted: 3 };

/** The highest data class a role sees: executives see figures, not raw telemetry; engineers see design. */
export const clearance: Record<Role, DataClass> = {
	"plant-manager": "confidential",
	"operations-manager": "confidential",
	quality: "confidential",
	maintenance: "confidential",
	engineer: "restricted",
	operator: "internal",
	executive: "internal",
	security: "confidential",
	administrator: "restricted",
};

/** Somebody or something that asks. */
export interface Principal {
	/** `user_…`, `key_…` or `system`. */
	id: string;
	name: string;
	kind: "person" | "key" | "system";
	roles: readonly Role[];
}

/** The product itself, for what no person asked for. */
export const systemPrincipal: Principal = { id: "system", name: "Millwright", kind: "system", roles: ["administrator"] };

/** Does somebody cleared up to a class see another? */
export const coveredBy = (cleared: DataClass, dataClass: DataClass): boolean => order[cleared] >= order[dataClass];

export const maySee = (principal: Principal, dataClass: DataClass): boolean =>
	principal.roles.some((role) => coveredBy(clearance[role], dataClass));
