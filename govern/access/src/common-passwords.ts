/**
 * What attackers try first and people choose most, folded to lower case, without trailing digits and signs. Kept short:
 * the attempt limits do the rest. Drawn from the tops of published lists of leaked passwords, plus what stands on
 * machines and in manuals.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
	`password passwort contrasena contraseña passw0rd p@ssword p@ssw0rd pa$$word pa$$w0rd passwordpassword mypassword
	qwerty qwertyuiop qwertyui qwertyuiopasdf qwertyuiopasdfghjkl qwertz qwertzuiop azerty azertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm
	1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 q1w2e3r4 q1w2e3r4t5 qazwsx qazwsxedc qazwsxedcrfv zaq12wsx
	abcdef abcdefg abcdefgh abcdefghij abcdefghijkl abcd1234 abcd1234abcd abc123abc a1b2c3d4 a1b2c3d4e5 a1b2c3d4e5f6 aa123456 a123456
	iloveyou iloveyouiloveyou letmein letmeinplease welcome welcomehome welcome2 trustno1 whatever superman batman spiderman starwars
	football baseball basketball princess sunshine sunshine1 monkey dragon shadow master michael jennifer jordan charlie computer
	internet samsung google facebook freedom mustang liverpool chelsea barcelona realmadrid blink cookie flower hello hellohello
	admin administrator administrador adminadmin admin1 root rootroot toor superuser sysadmin system operator operador operatoroperator
	engineer maintenance mantenimiento manager plantmanager supervisor service siemens rockwell schneider wonderware plc scada
	hmi factory factoryfactory default changeme changemenow changeit secret secretsecret secreto test testtest testing tester guest
	guestguest user useruser username login loginlogin demo demodemo public private access security temporary temp temptemp
	millwright millwrightmillwright industrial industry production producción produccion spring summer autumn winter
	correcthorsebatterystaple
	12345678 123456789 1234567890 12345678910 123456789012 1234567890123 123456781234 123456789123 1234567891234567 0123456789
	987654321 9876543210 0987654321 987654321098 123123123 123123123123 123321123321 123412341234 147258369 159753159753
	112233445566 123456123456 12345612345678 102030405060`.split(/\s+/),
);
