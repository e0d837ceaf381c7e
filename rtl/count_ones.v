// count_ones: how many of some bits are 1, combinational, by adds alone.
`default_nettype none

module count_ones #(
  parameter integer WIDTH = 16  // 1 .. 64
) (
  input  wire [WIDTH-1:0]           bits_i,
  output wire [$clog2(WIDTH+1)-1:0] count_o
);

  `include "ones64.vh"

  function [$clog2(WIDTH+1)-1:0] count;
    input [WIDTH-1:0] bits;
    // Simulates fastest on 64 bits; the count needs fewer.
    // verilator lint_off UNUSEDSIGNAL
    reg [63:0] ones;
    // verilator lint_on UNUSEDSIGNAL
    begin
      ones            = 64'd0;
      ones[WIDTH-1:0] = bits;
      ones            = ones64(ones);
      count           = ones[$clog2(WIDTH+1)-1:0];
    end
  endfunction

  assign count_o = count(bits_i);

endmodule

`default_nettype wire
