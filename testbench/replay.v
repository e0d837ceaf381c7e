// replay: drives one module with vectors that a Verilated bench left (testbench/vector_file.hpp) and
// compares every bit of its outputs with what that bench saw.
//
// A line of the file is one clock cycle: all inputs but clk_i and all outputs, in hexadecimal, as
// they stand right before the rising edge. Here inputs change one unit after the clock fell and
// outputs are looked at one unit later, one before the clock rises: nothing else happens then. The
// first line is not compared: in a Verilated model the reset has worked only after one edge.
//
// testbench/replay writes replay_ports.vh for the module: the ports as slices of `inputs`,
// `expected` and `found`, the instance, and task check_ports, which calls check() for every output.
`default_nettype none
`timescale 1ns/1ns

module replay;

  localparam integer LARGEST_COUNT = 10;  // mismatches shown

  reg                     clk;
  reg  [`INPUT_BITS-1:0]  inputs;
  reg  [`OUTPUT_BITS-1:0] expected;
  wire [`OUTPUT_BITS-1:0] found;

  integer         file, cycle, mismatches;
  integer         unknown;  // bits that were x where they may be
  reg [8*256-1:0] path, line;

  // Bits lsb .. lsb + width - 1 of the outputs, of port `name` from its bit `first` on.
  task check;
    input [8*64-1:0] name;
    input integer    first;
    input integer    lsb;
    input integer    width;
    input            may_be_x;
    integer i, low, high;
    begin
      low = -1;
      for (i = lsb; i < lsb + width; i = i + 1) begin
        if (found[i] !== expected[i]) begin
          if (may_be_x && found[i] === 1'bx) unknown = unknown + 1;
          else begin
            if (low < 0) low = i;
            high = i;
          end
        end
      end
      if (low >= 0) begin
        mismatches = mismatches + 1;
        $write("cycle %0d: %0s[%0d:%0d] is ", cycle, name, high - lsb + first, low - lsb + first);
        for (i = high; i >= low; i = i - 1) $write("%b", found[i]);
        $write(", expected ");
        for (i = high; i >= low; i = i - 1) $write("%b", expected[i]);
        $write("\n");
      end
    end
  endtask

  `include "replay_ports.vh"

  initial begin
    clk        = 1'b0;
    cycle      = 0;
    mismatches = 0;
    unknown    = 0;
    if (!$value$plusargs("vectors=%s", path)) begin
      $display("expected +vectors=FILE");
      $finish_and_return(2);
    end
    file = $fopen(path, "r");
    line = 0;
    while (file != 0 && line != "vectors\n") begin
      if ($fgets(line, file) == 0) file = 0;
    end
    if (file == 0) begin
      $display("%0s: no vectors", path);
      $finish_and_return(2);
    end
    while (mismatches < LARGEST_COUNT && $fscanf(file, "%h %h\n", inputs, expected) == 2) begin
      #1;
      if (cycle > 0 && found !== expected) check_ports;
      #1 clk = 1'b1;
      #1 clk = 1'b0;
      #1 cycle = cycle + 1;
    end
    $display("cycles %0d mismatches %0d unknown %0d", cycle, mismatches, unknown);
    $finish_and_return(mismatches != 0 || cycle == 0);
  end

endmodule

`default_nettype wire
