"""testbench/coverage counts, joins and waives what a few hand-made records say."""
import os
import subprocess
import tempfile
import unittest

COVERAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testbench", "coverage")
LEAF = """module leaf(input wire clk_i, input wire [1:0] d_i);
  reg q;
  always @(posedge clk_i)
    if (d_i[0]) q <= d_i[1];
    else        q <= 1'b0;
endmodule
"""


def record(page, line, name, count, column=5, instance="TOP.u_a", parameters=""):
    fields = {"f": "/somewhere/rtl/leaf.v", "l": line, "n": column,
              "page": f"{page}/leaf{parameters}", "o": name, "h": instance}
    text = "".join(f"\x01{key}\x02{value}" for key, value in fields.items())
    return f"C '{text}' {count}\n"


def report(files, waivers="", *arguments):
    """Exit code, output and errors for these files of records."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        os.mkdir(data)
        for name, records in files.items():
            with open(os.path.join(data, name), "w", encoding="utf-8") as file:
                file.write("# SystemC::Coverage-3\n" + "".join(records))
        for name, text in {"leaf.v": LEAF, "waivers": waivers}.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        run = subprocess.run(
            [COVERAGE, "--data", data, "--rtl", folder,
             "--waivers", os.path.join(folder, "waivers"), *arguments], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout, run.stderr


ALL = [record("v_line", 3, "block", 7), record("v_branch", 4, "if", 1),
       record("v_branch", 4, "else", 3, column=6), record("v_toggle", 1, "d_i[0]", 2),
       record("v_toggle", 1, "d_i[1]", 9)]


class CoverageReport(unittest.TestCase):
    def assert_totals(self, lines, toggles, files, waivers=""):
        code, text, errors = report(files, waivers)
        self.assertIn(f"lines: {lines:.2f} %", text, errors)
        self.assertIn(f"toggles: {toggles:.2f} %", text)
        self.assertEqual(code, 0 if lines >= 98 and toggles >= 90 else 1)

    def assert_refused(self, why, files, waivers=""):
        code, text, errors = report(files, waivers)
        self.assertIn(why, errors)
        self.assertEqual((1, ""), (code, text))

    def test_passes_where_all_is_covered(self):
        self.assert_totals(100, 100, {"a.dat": ALL})

    def test_fails_below_either_goal(self):
        self.assert_totals(75, 100, {"a.dat": ALL + [record("v_branch", 5, "if", 0)]})
        self.assert_totals(100, 200 / 3, {"a.dat": ALL + [record("v_toggle", 2, "q", 0)]})

    def test_wants_a_bit_to_rise_and_to_fall_in_one_instance_and_run(self):
        once = [record("v_toggle", 2, "q", 1), record("v_toggle", 2, "q", 1, instance="TOP.u_b")]
        self.assert_totals(100, 200 / 3, {"a.dat": ALL + once, "b.dat": once})

    def test_joins_runs_instances_and_parametrisations(self):
        self.assert_totals(100, 100, {
            "a.dat": ALL + [record("v_toggle", 2, "q", 0), record("v_branch", 5, "if", 0)],
            "b.dat": [record("v_toggle", 2, "q", 2, instance="TOP.u_b", parameters="__W8"),
                      record("v_branch", 5, "if", 1, parameters="__W8")]})

    def test_takes_lines_but_no_toggles_from_before_the_end_of_reset(self):
        self.assert_totals(100, 200 / 3, {
            "a.dat": ALL + [record("v_toggle", 2, "q", 0), record("v_branch", 5, "if", 0)],
            "a.reset.dat": [record("v_toggle", 2, "q", 5), record("v_branch", 5, "if", 1)]})

    def test_leaves_out_what_a_waiver_explains(self):
        self.assert_totals(100, 100, {"a.dat": ALL + [record("v_toggle", 1, "d_i[2]", 0),
                                                      record("v_branch", 5, "else", 0)]},
                           "# two\n\nleaf toggles d_i\\[[2-9]\\] -- no such bits\n"
                           "* lines else\\s+q <= 1'b0; -- never\n")

    def test_matches_the_whole_of_a_signal_with_its_index(self):
        self.assert_refused("waives no uncovered point",
                            {"a.dat": ALL + [record("v_toggle", 1, "d_i[2]", 0)]},
                            "leaf toggles d_i -- half a name\n")

    def test_refuses_a_waiver_of_nothing_or_of_what_is_covered(self):
        for waiver in (r"leaf toggles d_i\[0\] -- covered", "other toggles .* -- no such module",
                       "leaf lines endmodule -- not a point"):
            self.assert_refused("waives no uncovered point", {"a.dat": ALL}, waiver + "\n")

    def test_refuses_a_waiver_without_a_reason_or_of_an_unknown_kind(self):
        for waiver in ("leaf toggles q", "leaf toggles q -- ", "leaf q -- odd", "leaf bits q -- odd"):
            self.assert_refused("waivers:1: expected MODULE", {"a.dat": ALL}, waiver + "\n")
        self.assert_refused("waivers:1: missing )", {"a.dat": ALL}, "leaf toggles (q -- odd\n")

    def test_refuses_what_is_no_coverage_file(self):
        self.assert_refused("no .dat files", {})
        self.assert_refused("not a coverage record", {"a.dat": ["C 'nonsense' 3\n"]})
        self.assert_refused("not a coverage record", {"a.dat": [record("v_user", 3, "cover", 1)]})

    def test_lists_what_is_missing(self):
        records = ALL + [record("v_branch", 5, "else", 0), record("v_toggle", 2, "q", 1)]
        _, text, _ = report({"a.dat": records}, "", "--missing", "leaf")
        self.assertIn("leaf:5: lines else: else        q <= 1'b0;\n", text)
        self.assertIn("leaf:2: toggles q\n", text)


if __name__ == "__main__":
    unittest.main()
