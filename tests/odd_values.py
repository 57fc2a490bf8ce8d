"""Values to try in any field of a document: good for one type, odd or wrong for the others."""

NUMBERS = """
    0 1 -1 +1 -0 1.0 1. .5 . 1e3 1E+3 1e -2.5e-3 1e400 1e-400 0.5 --1 1,5 0x10 1d0
    1.0000001 0.99999999999 1.00000000001 NaN nan INF -INF +INF inf Infinity 1f 2 2.0 2.00 02.0 2.1 2.10 1.1 \u0661
"""
DATES = """
    2026-02-14T05:12:09 2026-02-14T05:12:09Z 2026-02-14T05:12:09+05:00 2026-02-14T05:12:09+14:00
    2026-02-14T05:12:09-14:01 2026-02-14T05:12:09.123456789012345 2026-02-14T05:12:09. 2026-02-14T05:12
    2026-02-14t05:12:09z 2026-02-14 05:12:09 2026-2-14T5:12:09 20260214T051209 61085.2167
    2026-02-30T00:00:00 2024-02-29T00:00:00 2023-02-29T00:00:00 2100-02-29T00:00:00 2026-13-01T00:00:00
    2026-02-14T24:00:00 2026-02-14T24:00:01 2026-02-14T25:00:00 2016-12-31T23:59:60 2016-12-31T23:60:00
    0000-01-01T00:00:00 0001-01-01T00:00:00 -0044-03-15T12:00:00 12026-01-01T00:00:00 026-01-01T00:00:00
    +2026-01-01T00:00:00
"""
URIS = """
    ivo://example.org/transients#1 ivo://example.org/transients?1 ivo:// a #a #a#b ?? :: : :a http: //host/p
    http://[::1]/ http://[::1 http://h:port/ http://h:99999/ http://\u00e9.example/\u2603 %41 %zz % a%2
    mailto:a@b urn:a:b 1a:b data:,x data:image/fits;base64,AA== \\ | < > ^ ` { } " [ ] http://h/|a
"""
IDENTIFIERS = """
    where where.and.when clock 1where -a _a a:b :a a.b-c_d \u00e9t\u00e9 a+b
"""
# What the standards list, and beside each list a neighbour that is not in it.
WORDS = """
    observation prediction utility test Observation TEST
    string float int boolean double Float
    followup supersedes retraction split merge
    iamalive authenticate ack nak nack
    UTC-ICRS-TOPO UTC-FK5-TOPO TT-ICRS-TOPO TT-FK5-TOPO GPS-ICRS-TOPO GPS-FK5-TOPO
    UTC-ICRS-GEO UTC-FK5-GEO TT-ICRS-GEO TT-FK5-GEO GPS-ICRS-GEO GPS-FK5-GEO
    TDB-ICRS-BARY TDB-FK5-BARY TDB-ICRS-TOPO UTC-GEOD-TOPO UTC-HPC-TOPO TAI-ICRS-TOPO utc-icrs-topo
    ContactPerson DataCollector DataCurator DataManager Distributor Editor HostingInstitution Producer
    ProjectLeader ProjectManager ProjectMember RegistrationAgency RegistrationAuthority RelatedPerson
    Researcher ResearchGroup RightsHolder Sponsor Supervisor WorkPackageLeader Other Translator other
"""
SPACED = [
    "", " ", "\n", "\t", "\u00a0", " x ", "x\n\ty", "x  y", " 1.5 ", "1 2", " 2.0 ", " 2.1\n", "a b",
    "http://h/a b", "2026-02-14 05:12:09", " 2026-02-14T05:12:09Z\n",
    " where", " observation", "float ", "followup ", " ack", " UTC-ICRS-TOPO", "Editor ",
]  # fmt: skip
LONG = ["<b>&amp;</b>", "\u2603\U0001d11e", "9" * 1000, "x" * 2000]

VALUES = list(dict.fromkeys([*SPACED, *LONG, *f"{NUMBERS} {DATES} {URIS} {IDENTIFIERS} {WORDS}".split()]))
"""All of them, each once."""

PROBES = ["", "x y", "1.5", "NaN", "2026-02-14T05:12:09", "http://[::1", "where.and.when", "observation"]
"""A few that tell one type from another."""

TYPE_NAMES = """
    xs:string xs:token xs:float xs:double xs:int xs:anyURI xs:anyType xs:dateTime xs:ID
    roleValues dataType idValues citeValues smallFloat roleType coord_value contributorRole Name
    TimeFrameType SpaceFrameType remark opinion quantity Nothing
"""
TYPES = TYPE_NAMES.split()
"""Types that xsi:type may ask for; of the standards, those that are not named like an element."""
