"""rtl/netlist_check finds what was planted, and nothing in clean Verilog."""
import os
import subprocess
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rtl", "netlist_check")
LEAF = """
module leaf(input wire a_i, output wire b_o, output wire [1:0] c_o);
  assign b_o = a_i;
  assign c_o = {a_i, !a_i};
endmodule
"""


def check(body):
    """Exit code and output for module top(a_i, b_i, c_o) with this body."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "top.v")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{LEAF}\nmodule top(input wire a_i, input wire b_i, output reg c_o);\n"
                       f"{body}\nendmodule\n")
        run = subprocess.run([CHECK, "top", path], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout


class NetlistCheck(unittest.TestCase):
    def assert_found(self, finding, body):
        code, text = check(body)
        self.assertIn(finding, text)
        self.assertEqual(code, 1)

    def test_passes_clean_verilog_and_bits_named_as_unused(self):
        self.assertEqual((0, ""), check("""
          wire [1:0] c;
          wire b;
          leaf u_leaf(.a_i(a_i), .b_o(b), .c_o(c));
          always @* c_o = b && b_i && c[1];
          wire unused_bits = &{1'b0, c[0]};"""))

    def test_finds_a_latch(self):
        self.assert_found("latch: top", "always @* if (a_i) c_o = b_i;")

    def test_finds_a_double_driver(self):
        self.assert_found("multiple conflicting drivers", """
          wire d;
          assign d = a_i && b_i;
          assign d = a_i || b_i;
          always @* c_o = d;""")

    def test_finds_an_output_that_nothing_drives(self):
        self.assert_found("nothing drives top.c_o, bits [0]", "")

    def test_finds_an_output_of_an_instance_left_open(self):
        self.assert_found("top.u_leaf.c_o is left open", """
          wire b;
          leaf u_leaf(.a_i(a_i), .b_o(b), .c_o());
          always @* c_o = b && b_i;""")

    def test_finds_an_output_bit_that_nothing_reads(self):
        self.assert_found("nothing reads top.u_leaf.c_o, bits [0]", """
          wire [1:0] c;
          wire b;
          leaf u_leaf(.a_i(a_i), .b_o(b), .c_o(c));
          always @* c_o = b && b_i && c[1];""")

    def test_fails_where_nothing_can_be_elaborated(self):
        self.assert_found("not elaborated", "missing u_missing(.a_i(a_i));")


if __name__ == "__main__":
    unittest.main()
