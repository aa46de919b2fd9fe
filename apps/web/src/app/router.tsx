import { createRootRoute, createRoute, createRouter, lazyRouteComponent, retainSearchParams } from "@tanstack/react-router";
import { withTexts } from "./i18n.ts";
import { NotFound } from "./not-found.tsx";
import { PageFailed } from "./page-failed.tsx";
import { Shell } from "./shell.tsx";

/** The one clock of the page: a window that follows the present ("1h"), or two ends, ms since 1970. */
export interface ClockSearch {
	range?: string;
	from?: number;
	until?: number;
}

const finite = (value: unknown): number | undefined => {
	const number = typeof value === "number" ? value : typeof value === "string" ? Number(value) : Number.NaN;
	return Number.isFinite(number) ? number : undefined;
};
const text = (value: unknown): string | undefined =>
	typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
const list = (value: unknown): string[] | undefined =>
	Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string").slice(0, 20) : undefined;

const root = createRootRoute({
	component: Shell,
	notFoundComponent: NotFound,
	errorComponent: PageFailed,
	validateSearch: (search: Record<string, unknown>): ClockSearch => {
		const from = finite(search.from);
		const until = finite(search.until);
		if (from !== undefined && until !== undefined && until > from) return { from, until };
		const range = text(search.range);
		return range === undefined ? {} : { range };
	},
	search: { middlewares: [retainSearchParams(["range", "from", "until"])] },
});

const overview = createRoute({
	getParentRoute: () => root,
	path: "/",
	component: lazyRouteComponent(() => import("../pages/overview/page.tsx"), "OverviewPage"),
});
const connections = createRoute({
	getParentRoute: () => root,
	path: "/connections",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/connections/list/page.tsx")),
		"ConnectionsPage",
	),
});
const addMachine = createRoute({
	getParentRoute: () => root,
	path: "/connections/add",
	validateSearch: (search: Record<string, unknown>): { copy?: string } => {
		const copy = text(search.copy);
		return copy === undefined ? {} : { copy };
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/connections/add/page.tsx")),
		"AddMachinePage",
	),
});
const connection = createRoute({
	getParentRoute: () => root,
	path: "/connections/$connection",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/connections/connection/page.tsx")),
		"ConnectionPage",
	),
});
const namespace = createRoute({
	getParentRoute: () => root,
	path: "/namespace",
	validateSearch: (search: Record<string, unknown>): { tag?: string; tab?: string } => {
		const tag = text(search.tag);
		const tab = text(search.tab);
		return { ...(tag === undefined ? {} : { tag }), ...(tab === undefined ? {} : { tab }) };
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/namespace/page.tsx")),
		"NamespacePage",
	),
});
const history = createRoute({
	getParentRoute: () => root,
	path: "/history",
	validateSearch: (search: Record<string, unknown>): { tags?: string[]; tab?: string } => {
		const tags = list(search.tags);
		const tab = text(search.tab);
		return { ...(tags === undefined ? {} : { tags }), ...(tab === undefined ? {} : { tab }) };
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/history/page.tsx")),
		"HistoryPage",
	),
});
const assets = createRoute({
	getParentRoute: () => root,
	path: "/twins",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/assets/list/page.tsx")),
		"AssetsPage",
	),
});
const asset = createRoute({
	getParentRoute: () => root,
	path: "/assets/$",
	validateSearch: (search: Record<string, unknown>): { tags?: string[]; tab?: string } => {
		const tags = list(search.tags);
		const tab = text(search.tab);
		return { ...(tags === undefined ? {} : { tags }), ...(tab === undefined ? {} : { tab }) };
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/assets/asset/page.tsx")),
		"AssetPage",
	),
});
const ledger = createRoute({
	getParentRoute: () => root,
	path: "/ledger",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/ledger/page.tsx")),
		"LedgerPage",
	),
});
const edges = createRoute({
	getParentRoute: () => root,
	path: "/edges",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/edges/page.tsx")),
		"EdgesPage",
	),
});
const system = createRoute({
	getParentRoute: () => root,
	path: "/system",
	component: lazyRouteComponent(
		withTexts(() => import("../pages/system/page.tsx")),
		"SystemPage",
	),
});
const users = createRoute({
	getParentRoute: () => root,
	path: "/users",
	validateSearch: (search: Record<string, unknown>): { tab?: string } => {
		const tab = text(search.tab);
		return tab === undefined ? {} : { tab };
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/users/page.tsx")),
		"UsersPage",
	),
});
const auditTrail = createRoute({
	getParentRoute: () => root,
	path: "/audit",
	validateSearch: (search: Record<string, unknown>): { who?: string; what?: string; on?: string; outcome?: string } => {
		const kept = { who: text(search.who), what: text(search.what), on: text(search.on), outcome: text(search.outcome) };
		return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
	},
	component: lazyRouteComponent(
		withTexts(() => import("../pages/audit/page.tsx")),
		"AuditPage",
	),
});

export const router = createRouter({
	routeTree: root.addChildren([
		overview,
		connections,
		addMachine,
		connection,
		namespace,
		history,
		assets,
		asset,
		ledger,
		edges,
		system,
		users,
		auditTrail,
	]),
	defaultPreload: "intent",
	defaultPendingMs: 200,
	scrollRestoration: true,
	scrollToTopSelectors: ["#page"],
});

declare module "@tanstack/react-router" {
	interface Register {
		router: typeof router;
	}
}
