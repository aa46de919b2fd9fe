import { useHotkeys } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTwinEvents } from "../data/use-overview.ts";
import { LineageProvider } from "../parts/lineage.tsx";
import { BottomBar } from "./bottom-bar.tsx";
import { Header } from "./header.tsx";
import { Sidebar } from "./sidebar.tsx";
import "./shell.css";

const loadPalette = () => import("./command-palette.tsx");
const Palette = lazy(() => loadPalette().then((part) => ({ default: part.CommandPalette })));
const NavigationDrawer = lazy(() => import("./navigation-drawer.tsx").then((part) => ({ default: part.NavigationDrawer })));

/** The frame around every page. */
export function Shell() {
	const { t } = useTranslation();
	const [menu, setMenu] = useState(false);
	const [palette, setPalette] = useState(false);
	const { pathname } = useLocation();
	const main = useRef<HTMLElement>(null);
	const first = useRef(true);
	useTwinEvents();
	useHotkeys([["mod+K", () => setPalette(true)]], []);

	// Ctrl comes before K: by then the palette is under way.
	useEffect(() => {
		const onKey = (event: KeyboardEvent): void => {
			if (event.key === "Control" || event.key === "Meta") void loadPalette();
		};
		window.addEventListener("keydown", onKey);
		return () => window.removeEventListener("keydown", onKey);
	}, []);

	// A new page is a new start for the keyboard and for screen readers.
	// biome-ignore lint/correctness/useExhaustiveDependencies: runs when the page changes
	useEffect(() => {
		if (!first.current) main.current?.focus({ preventScroll: true });
		first.current = false;
	}, [pathname]);

	return (
		<LineageProvider>
			<a href="#page" className="skip-link">
				{t("nav.skip")}
			</a>
			<div className="shell">
				<Header onSearch={() => setPalette(true)} onMenu={() => setMenu(true)} />
				<div className="shell-side">
					<Sidebar />
				</div>
				<main id="page" className="shell-page" tabIndex={-1} ref={main}>
					<Suspense fallback={null}>
						<Outlet />
					</Suspense>
				</main>
				<BottomBar onMore={() => setMenu(true)} />
			</div>
			{menu ? (
				<Suspense fallback={null}>
					<NavigationDrawer onClose={() => setMenu(false)} />
				</Suspense>
			) : null}
			{palette ? (
				<Suspense fallback={null}>
					<Palette onClose={() => setPalette(false)} />
				</Suspense>
			) : null}
		</LineageProvider>
	);
}
