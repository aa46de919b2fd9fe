import { type Client, DataClass, Duration, event, operation, Role, type Service } from "@millwright/core";
import * as z from "zod";

export const AccessSettings = z.strictObject({
	session: z.strictObject({ idle: Duration.default(12 * 3_600_000), longest: Duration.default(7 * 86_400_000) }).prefault({}),
	password: z.strictObject({ minLength: z.int().min(8).max(128).default(12) }).prefault({}),
	/** Failed sign-ins per account and per address before waiting doubles. */
	attempts: z.int().min(3).max(50).default(5),
});
export type AccessSettings = z.output<typeof AccessSettings>;

export const Person = z.object({
	id: z.string(),
	/** What one signs in with. */
	login: z.string(),
	name: z.string(),
	roles: z.array(Role),
	language: z.enum(["en", "es"]).optional(),
	active: z.boolean(),
	createdAt: z.int(),
	lastSeenAt: z.int().optional(),
	mustChangePassword: z.boolean(),
});
export type Person = z.output<typeof Person>;

export const TopicRights = z.object({ publish: z.array(z.string()), subscribe: z.array(z.string()) });
export type TopicRights = z.output<typeof TopicRights>;

export const ApiKey = z.object({
	id: z.string(),
	name: z.string(),
	/** First characters, to recognise it. */
	hint: z.string(),
	roles: z.array(Role),
	/** MQTT topic filters this key may publish to and subscribe to. */
	topics: TopicRights,
	/** An MQTT client that shows a verified certificate with this common name needs no secret. */
	certificateName: z.string().optional(),
	/** Over MQTT no topic beyond it arrives, whatever the filters cover. Over HTTP the roles say. */
	clearance: DataClass,
	createdAt: z.int(),
	createdBy: z.string(),
	expiresAt: z.int().optional(),
	lastUsedAt: z.int().optional(),
	active: z.boolean(),
});
export type ApiKey = z.output<typeof ApiKey>;

export const SessionInfo = z.object({
	id: z.string(),
	person: z.string(),
	createdAt: z.int(),
	lastSeenAt: z.int(),
	from: z.string(),
	agent: z.string(),
	current: z.boolean(),
});
export type SessionInfo = z.output<typeof SessionInfo>;

/** Source: X.520, ub-common-name. */
const CertificateName = z.string().trim().min(1).max(64);
const login = z
	.string()
	.trim()
	.toLowerCase()
	.regex(/^[a-z0-9][a-z0-9._@-]{1,63}$/);
const password = z.string().min(1).max(256);
const admins = ["administrator", "security"] as const;

export const Me = z.object({
	id: z.string(),
	name: z.string(),
	login: z.string().optional(),
	roles: z.array(Role),
	clearance: DataClass,
	language: z.enum(["en", "es"]).optional(),
	mustChangePassword: z.boolean(),
	/** Operations this person may call, by "<step>.<operation>". */
	may: z.array(z.string()),
});
export type Me = z.output<typeof Me>;

export const accessApi = {
	setup: operation({
		summary: "Is this a first start, waiting for its one-time code?",
		path: "/access/setup",
		allow: "anyone",
		dataClass: "public",
		input: z.object({}),
		output: z.object({ needed: z.boolean(), minLength: z.int() }),
	}),
	completeSetup: operation({
		summary: "Make the first administrator with the one-time code from the terminal",
		path: "/access/setup/complete",
		effect: "write",
		allow: "anyone",
		dataClass: "public",
		input: z.object({
			code: z.string().trim().max(64),
			login,
			name: z.string().trim().min(1).max(120),
			password,
			language: z.enum(["en", "es"]).optional(),
		}),
		output: Me,
		secrets: ["code", "password"],
	}),
	signIn: operation({
		summary: "Sign in with a password; the session is a cookie",
		path: "/access/sign-in",
		effect: "write",
		allow: "anyone",
		dataClass: "public",
		input: z.object({ login: z.string().max(64), password }),
		output: Me,
		secrets: ["password"],
	}),
	signOut: operation({
		summary: "End this session",
		path: "/access/sign-out",
		effect: "write",
		// Of nobody but the caller: a person without roles, who must change the first password, needs these three.
		dataClass: "public",
		input: z.object({}),
		output: z.object({}),
	}),
	me: operation({
		summary: "Who am I and what may I do?",
		path: "/access/me",
		dataClass: "public",
		input: z.object({}),
		output: Me,
	}),
	updateMe: operation({
		summary: "Change my name, language or password",
		path: "/access/me/update",
		effect: "write",
		dataClass: "public",
		input: z.object({
			name: z.string().trim().min(1).max(120).optional(),
			language: z.enum(["en", "es"]).optional(),
			password: z.object({ now: password, next: password }).optional(),
		}),
		output: Me,
		secrets: ["password"],
	}),
	people: operation({
		summary: "People and their roles",
		path: "/access/people",
		allow: admins,
		dataClass: "confidential",
		input: z.object({}),
		output: z.object({ people: z.array(Person) }),
	}),
	addPerson: operation({
		summary: "Add a person; the first password is shown once and must be changed",
		path: "/access/people/add",
		effect: "write",
		allow: ["administrator"],
		input: z.object({
			login,
			name: z.string().trim().min(1).max(120),
			roles: z.array(Role).min(1),
			language: z.enum(["en", "es"]).optional(),
		}),
		output: z.object({ person: Person, firstPassword: z.string() }),
	}),
	updatePerson: operation({
		summary: "Change a person's name, roles or whether they may sign in",
		path: "/access/people/update",
		effect: "write",
		allow: ["administrator"],
		input: z.object({
			id: z.string(),
			name: z.string().trim().min(1).max(120).optional(),
			roles: z.array(Role).min(1).optional(),
			active: z.boolean().optional(),
			resetPassword: z.boolean().default(false),
		}),
		output: z.object({ person: Person, firstPassword: z.string().optional() }),
	}),
	sessions: operation({
		summary: "My sessions, or everybody's for those who may",
		path: "/access/sessions",
		input: z.object({ everyone: z.boolean().default(false) }),
		output: z.object({ sessions: z.array(SessionInfo) }),
	}),
	endSession: operation({
		summary: "End a session",
		path: "/access/sessions/end",
		effect: "write",
		input: z.object({ id: z.string() }),
		output: z.object({}),
	}),
	keys: operation({
		summary: "API keys and MQTT users",
		path: "/access/keys",
		allow: admins,
		dataClass: "confidential",
		input: z.object({}),
		output: z.object({ keys: z.array(ApiKey) }),
	}),
	addKey: operation({
		summary: "Make a key for a program or an MQTT client; it is shown once",
		path: "/access/keys/add",
		effect: "write",
		allow: ["administrator"],
		input: z.object({
			name: z.string().trim().min(1).max(120),
			roles: z.array(Role).default([]),
			topics: TopicRights.default({ publish: [], subscribe: [] }),
			clearance: DataClass.default("internal").meta({ description: "the most confidential topics an MQTT client may receive" }),
			certificateName: CertificateName.optional(),
			expiresAt: z.int().optional(),
		}),
		output: z.object({ key: ApiKey, secret: z.string() }),
	}),
	bindKey: operation({
		summary: "Let a client certificate stand for a key's secret over MQTT, or no longer; its connections end",
		path: "/access/keys/bind",
		effect: "write",
		allow: ["administrator"],
		input: z.object({
			id: z.string(),
			certificateName: CertificateName.nullable().meta({ description: "common name of the certificate; null for none" }),
		}),
		output: ApiKey,
	}),
	revokeKey: operation({
		summary: "Revoke a key at once",
		path: "/access/keys/revoke",
		effect: "write",
		allow: ["administrator", "security"],
		input: z.object({ id: z.string() }),
		output: ApiKey,
	}),
};
export type Access = Service<typeof accessApi>;
export type AccessClient = Client<typeof accessApi>;

export const signedIn = event({
	name: "access.signed-in",
	summary: "Somebody signed in",
	data: z.object({ person: z.string(), from: z.string(), at: z.int() }),
	allow: admins,
});
export const signInFailed = event({
	name: "access.sign-in-failed",
	summary: "A sign-in failed",
	data: z.object({ login: z.string(), from: z.string(), at: z.int() }),
	allow: admins,
});
