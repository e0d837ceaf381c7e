// The integer noise of one random word: the sum of its eight nibbles, minus 60 (-60 .. 60, variance
// 170). Included inside a module. Twin: host/analog/counter_noise.hpp.

  function signed [7:0] nibble_noise;
    input [31:0] word;
    reg [31:0] bytes;   // four sums of two nibbles
    // The upper byte of each half stays 0.
    // verilator lint_off UNUSEDSIGNAL
    reg [31:0] halves;  // two sums of four nibbles
    // verilator lint_on UNUSEDSIGNAL
    begin
      bytes        = (word & 32'h0F0F0F0F) + ((word >> 4) & 32'h0F0F0F0F);
      halves       = (bytes & 32'h00FF00FF) + ((bytes >> 8) & 32'h00FF00FF);
      nibble_noise = halves[7:0] + halves[23:16] - 8'd60;
    end
  endfunction
